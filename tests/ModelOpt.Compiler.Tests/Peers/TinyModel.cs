using Google.Protobuf;
using ModelOpt.Compiler.Onnx.Proto;

namespace ModelOpt.Compiler.Tests.Peers;

/// <summary>ONNX models of one node, for trying the peers themselves.</summary>
internal static class TinyModel
{
    /// <summary>A model with one node whose inputs and outputs are the graph's.</summary>
    public static byte[] Of(string op, IEnumerable<ValueInfoProto> inputs, IEnumerable<ValueInfoProto> outputs)
    {
        var node = new NodeProto { OpType = op, Name = "node" };
        var graph = new GraphProto { Name = "tiny", Node = { node } };
        graph.Input.AddRange(inputs);
        graph.Output.AddRange(outputs);
        node.Input.AddRange(graph.Input.Select(input => input.Name));
        node.Output.AddRange(graph.Output.Select(output => output.Name));
        return new ModelProto
        {
            IrVersion = 8,
            ProducerName = "tests",
            Graph = graph,
            OpsetImport = { new OperatorSetIdProto { Domain = "", Version = 17 } },
        }.ToByteArray();
    }

    /// <summary>A tensor; a dimension that is not a number is a symbol.</summary>
    public static ValueInfoProto Tensor(string name, int elementType, params string[] shape)
    {
        var dims = new TensorShapeProto();
        foreach (string dim in shape)
        {
            dims.Dim.Add(long.TryParse(dim, out long length)
                ? new TensorShapeProto.Types.Dimension { DimValue = length }
                : new TensorShapeProto.Types.Dimension { DimParam = dim });
        }
        var tensor = new TypeProto.Types.Tensor { ElemType = elementType, Shape = dims };
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } };
    }
}
