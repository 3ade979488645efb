using System.Runtime.InteropServices;
using System.Text;
using Google.Protobuf;
using ModelOpt.Compiler.Onnx.Proto;

namespace ModelOpt.Build.Tests.Consumers;

/// <summary>A network of one convolution, or two, and one matrix product: images of 8 by 8 pixels, three scores.</summary>
internal static class TinyModel
{
    private const int Channels = 4, WideChannels = 32, Size = 8, Classes = 3;

    /// <summary>Writes the model; the seed gives its weights, which lie in a file of their own where one is named.</summary>
    public static void Write(string path, int seed = 1, string? weights = null)
    {
        GraphProto graph = Graph(seed, wide: false);
        if (weights is not null) MoveOut(graph.Initializer[0], Path.Combine(Path.GetDirectoryName(path)!, weights));
        Save(graph, path);
    }

    /// <summary>Writes the model with a second convolution, of enough weights that something can be done about them.</summary>
    public static void WriteWide(string path) => Save(Graph(seed: 1, wide: true), path);

    /// <summary>Writes a model of one node: the Relu of four floats of a type, or the numbers of another type as floats.</summary>
    public static void WriteNode(string path, int type)
    {
        const int Float32 = 1, Float16 = 10, Float64 = 11;
        bool isFloat = type is Float32 or Float16 or Float64;
        var node = new NodeProto { OpType = isFloat ? "Relu" : "Cast", Name = "node", Input = { "x" }, Output = { "y" } };
        if (!isFloat) node.Attribute.Add(new AttributeProto { Name = "to", Type = AttributeProto.Types.AttributeType.Int, I = Float32 });
        var graph = new GraphProto { Name = "node", Node = { node }, Input = { Value("x", "N", 4) }, Output = { Value("y", "N", 4) } };
        graph.Input[0].Type.TensorType.ElemType = type;
        if (isFloat) graph.Output[0].Type.TensorType.ElemType = type;
        Save(graph, path);
    }

    /// <summary>Writes a model with a state: <c>hn = x + h</c> and <c>y = x · h</c>, of two numbers.</summary>
    public static void WriteRecurrent(string path) => Save(
        new GraphProto
        {
            Name = "recurrent",
            Node =
            {
                new NodeProto { OpType = "Add", Name = "add", Input = { "x", "h" }, Output = { "hn" } },
                new NodeProto { OpType = "Mul", Name = "mul", Input = { "x", "h" }, Output = { "y" } },
            },
            Input = { Value("x", "N", 2), Value("h", "N", 2) },
            Output = { Value("y", "N", 2), Value("hn", "N", 2) },
        }, path);

    /// <summary>Writes a model of any length: <c>y = x + more</c>, of N rows of T numbers.</summary>
    public static void WriteOpen(string path) => Save(
        new GraphProto
        {
            Name = "open",
            Node = { new NodeProto { OpType = "Add", Name = "add", Input = { "x", "more" }, Output = { "y" } } },
            Input = { Value("x", "N", "T"), Value("more", "N", "T") },
            Output = { Value("y", "N", "T") },
        }, path);

    private static GraphProto Graph(int seed, bool wide)
    {
        var graph = new GraphProto { Name = "tiny" };
        graph.Input.Add(Value("image", "N", 1, Size, Size));
        graph.Output.Add(Value("scores", "N", Classes));
        var random = new Random(seed);
        int channels = wide ? WideChannels : Channels;
        graph.Initializer.Add(Weights("w1", random, channels, 1, 3, 3));
        graph.Initializer.Add(Weights("b1", random, channels));
        graph.Initializer.Add(Weights("w2", random, channels, Classes));
        graph.Initializer.Add(Weights("b2", random, Classes));
        Convolve("conv", "image", "w1", "b1", "c");
        graph.Node.Add(new NodeProto { OpType = "Relu", Name = "relu", Input = { "c" }, Output = { "r" } });
        if (wide)
        {
            graph.Initializer.Add(Weights("w3", random, channels, channels, 3, 3));
            graph.Initializer.Add(Weights("b3", random, channels));
            Convolve("wide", "r", "w3", "b3", "c2");
            graph.Node.Add(new NodeProto { OpType = "Relu", Name = "relu2", Input = { "c2" }, Output = { "r2" } });
        }

        graph.Node.Add(new NodeProto { OpType = "GlobalAveragePool", Name = "pool", Input = { wide ? "r2" : "r" }, Output = { "p" } });
        graph.Node.Add(new NodeProto { OpType = "Flatten", Name = "flatten", Input = { "p" }, Output = { "f" } });
        graph.Node.Add(new NodeProto { OpType = "Gemm", Name = "gemm", Input = { "f", "w2", "b2" }, Output = { "scores" } });
        return graph;

        void Convolve(string name, params string[] values)
        {
            var conv = new NodeProto { OpType = "Conv", Name = name, Input = { values[..^1] }, Output = { values[^1] } };
            conv.Attribute.Add(new AttributeProto { Name = "pads", Type = AttributeProto.Types.AttributeType.Ints, Ints = { 1, 1, 1, 1 } });
            graph.Node.Add(conv);
        }
    }

    private static void Save(GraphProto graph, string path)
    {
        var model = new ModelProto { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 17 } } };
        File.WriteAllBytes(path, model.ToByteArray());
    }

    /// <summary>Writes images as a NumPy file.</summary>
    public static void WriteData(string path, int samples, int seed = 2)
    {
        string header = $"{{'descr': '<f4', 'fortran_order': False, 'shape': ({samples}, 1, {Size}, {Size}), }}";
        header = header.PadRight(128 - 11) + "\n";
        var random = new Random(seed);
        using var writer = new BinaryWriter(File.Create(path));
        writer.Write([0x93, .. "NUMPY"u8, 1, 0]);
        writer.Write((ushort)header.Length);
        writer.Write(Encoding.ASCII.GetBytes(header));
        for (int i = 0; i < samples * Size * Size; i++) writer.Write(random.NextSingle());
    }

    private static void MoveOut(TensorProto tensor, string file)
    {
        File.WriteAllBytes(file, MemoryMarshal.AsBytes<float>(tensor.FloatData.ToArray()).ToArray());
        tensor.FloatData.Clear();
        tensor.DataLocation = TensorProto.Types.DataLocation.External;
        tensor.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = Path.GetFileName(file) });
    }

    private static TensorProto Weights(string name, Random random, params long[] dims)
    {
        var tensor = new TensorProto { Name = name, DataType = 1 };
        tensor.Dims.AddRange(dims);
        for (long i = dims.Aggregate(1L, (a, b) => a * b); i > 0; i--) tensor.FloatData.Add(random.NextSingle() - 0.5f);
        return tensor;
    }

    private static ValueInfoProto Value(string name, params object[] dims)
    {
        var shape = new TensorShapeProto();
        foreach (object dim in dims)
        {
            shape.Dim.Add(dim is string symbol
                ? new TensorShapeProto.Types.Dimension { DimParam = symbol }
                : new TensorShapeProto.Types.Dimension { DimValue = (int)dim });
        }

        return new() { Name = name, Type = new() { TensorType = new() { ElemType = 1, Shape = shape } } };
    }
}
