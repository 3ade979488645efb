using System.Runtime.InteropServices;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Onnx.Proto;

namespace ModelOpt.Compiler.Tests.Conformance;

/// <summary>Reads the small models and tensors of the conformance cases.</summary>
internal static class CaseReader
{
    public static Tensor Tensor(TensorProto proto)
    {
        var type = (ElementType)proto.DataType;
        int[] dims = [.. proto.Dims.Select(d => (int)d)];
        if (proto.HasRawData) return new Tensor(type, dims, proto.RawData.ToByteArray());
        return type switch
        {
            ElementType.Float32 => Typed([.. proto.FloatData]),
            ElementType.Float64 => Typed([.. proto.DoubleData]),
            ElementType.Int64 => Typed([.. proto.Int64Data]),
            ElementType.Int32 => Typed([.. proto.Int32Data]),
            ElementType.Int16 => Typed(proto.Int32Data.Select(v => (short)v).ToArray()),
            ElementType.Int8 => Typed(proto.Int32Data.Select(v => (sbyte)v).ToArray()),
            ElementType.UInt8 or ElementType.Bool => Typed(proto.Int32Data.Select(v => (byte)v).ToArray()),
            ElementType.UInt16 or ElementType.Float16 or ElementType.BFloat16 =>
                Typed(proto.Int32Data.Select(v => (ushort)v).ToArray()),
            ElementType.UInt32 => Typed(proto.Uint64Data.Select(v => (uint)v).ToArray()),
            ElementType.UInt64 => Typed([.. proto.Uint64Data]),
            _ => throw new NotSupportedException($"Tensors of {type}."),
        };

        Tensor Typed<T>(T[] elements) where T : unmanaged => new(type, dims, MemoryMarshal.AsBytes<T>(elements).ToArray());
    }

    public static Graph Graph(ModelProto model)
    {
        var graph = new Graph();
        var values = new Dictionary<string, Value>(StringComparer.Ordinal);
        foreach (TensorProto initializer in model.Graph.Initializer)
            values[initializer.Name] = new Value(initializer.Name, Tensor(initializer));
        foreach (ValueInfoProto input in model.Graph.Input)
        {
            if (values.ContainsKey(input.Name)) continue;
            TypeProto.Types.Tensor type = input.Type.TensorType
                ?? throw new NotSupportedException($"Input {input.Name} is not a tensor.");
            graph.Inputs.Add(values[input.Name] = new Value(input.Name, (ElementType)type.ElemType, new Shape(
                type.Shape.Dim.Select(d => d.HasDimParam ? new Dim(-1, d.DimParam) : d.DimValue))));
        }

        foreach (NodeProto proto in model.Graph.Node)
        {
            var node = new Node(proto.OpType, proto.Name, proto.Input.Select(Find), proto.Output.Select(Find));
            foreach (AttributeProto attribute in proto.Attribute) node.Attributes[attribute.Name] = Attribute(attribute);
            graph.Add(node);
        }

        foreach (ValueInfoProto output in model.Graph.Output) graph.Outputs.Add(Find(output.Name)!);
        return graph;

        Value? Find(string name)
        {
            if (name.Length == 0) return null;
            if (!values.TryGetValue(name, out Value? value)) values[name] = value = new Value(name);
            return value;
        }
    }

    private static object Attribute(AttributeProto attribute) => attribute.Type switch
    {
        AttributeProto.Types.AttributeType.Float => attribute.F,
        AttributeProto.Types.AttributeType.Int => attribute.I,
        AttributeProto.Types.AttributeType.String => attribute.S.ToStringUtf8(),
        AttributeProto.Types.AttributeType.Tensor => Tensor(attribute.T),
        AttributeProto.Types.AttributeType.Floats => attribute.Floats.ToArray(),
        AttributeProto.Types.AttributeType.Ints => attribute.Ints.ToArray(),
        AttributeProto.Types.AttributeType.Strings => attribute.Strings.Select(s => s.ToStringUtf8()).ToArray(),
        _ => throw new NotSupportedException($"Attribute {attribute.Name} of type {attribute.Type}."),
    };
}
