using Google.Protobuf;
using ModelOpt.Compiler.Onnx.Proto;

namespace ModelOpt.Compiler.Tests.Operators;

/// <summary>Nodes on their own: built, normalized, inferred, run here and in ONNX Runtime.</summary>
internal static class OperatorTesting
{
    /// <summary>A node over constants (tensors) and values; its outputs are called y0, y1….</summary>
    public static Node Node(string type, object?[] inputs, int outputs = 1, params (string Name, object Value)[] attributes)
    {
        var node = new Node(
            type,
            "node",
            inputs.Select((input, i) => input as Value ?? (input is Tensor tensor ? new Value($"x{i}", tensor) : null)),
            Enumerable.Range(0, outputs).Select(i => new Value($"y{i}")));
        foreach ((string name, object value) in attributes) node.Attributes[name] = value;
        return node;
    }

    /// <summary>A float32 value of a shape; negative sizes are the symbols N, M….</summary>
    public static Value Floats(params Dim[] shape) => new("x", ElementType.Float32, new Shape(shape));

    /// <summary>An int64 vector that carries sizes.</summary>
    public static Value Sizes(params Dim[] content) =>
        new("sizes", ElementType.Int64, new Shape([content.Length])) { ShapeContent = content };

    public static Dim N => new(-1, "N");

    /// <summary>Brings a node of an older or newer opset to the graph's.</summary>
    public static Node Normalized(this Node node, int opset)
    {
        var graph = new Graph();
        graph.Add(node);
        Operator.Of(node).Upgrade(graph, node, opset);
        Operator.Of(node).Normalize(graph, node);
        return node;
    }

    public static Value Infer(this Node node)
    {
        Operator.Of(node).InferShapes(node);
        return node.Output;
    }

    /// <summary>The code of the diagnostic that shape inference ends in.</summary>
    public static string InferError(this Node node) =>
        Assert.ThrowsExactly<CompilationException>(() => Operator.Of(node).InferShapes(node)).Diagnostic.Descriptor.Code;

    /// <summary>Runs a node over constants, and checks that shape inference had foreseen types and shapes.</summary>
    public static Tensor[] Run(this Node node)
    {
        Operator op = Operator.Of(node);
        op.InferShapes(node);
        var context = new ForwardContext(node, [.. node.Inputs.Select(i => i?.Constant)]);
        op.Forward(context);
        for (int i = 0; i < node.Outputs.Count; i++)
        {
            Tensor output = context.Outputs[i]!;
            Assert.AreEqual(node.Outputs[i]!.Type, output.Type);
            Assert.AreEqual(node.Outputs[i]!.Shape, output.Shape);
        }

        return context.Outputs!;
    }

    /// <summary>A model of one node; constants from position <paramref name="fed"/> on are initializers, the others are inputs.</summary>
    public static byte[] Model(this Node node, int opset = Graph.WrittenOpset, int fed = int.MaxValue)
    {
        var proto = new NodeProto { OpType = node.Type, Name = "node" };
        var graph = new GraphProto { Name = "one", Node = { proto } };
        for (int i = 0; i < node.Inputs.Count; i++)
        {
            proto.Input.Add(node.Inputs[i] is null ? "" : $"x{i}");
            if (node.Inputs[i]?.Constant is not { } tensor) continue;
            if (i < fed)
                graph.Input.Add(Peers.TinyModel.Tensor(
                    $"x{i}", (int)tensor.Type, [.. tensor.Dims.ToArray().Select(d => $"{d}")]));
            else
                graph.Initializer.Add(Proto($"x{i}", tensor));
        }

        for (int i = 0; i < node.Outputs.Count; i++)
        {
            proto.Output.Add($"y{i}");
            graph.Output.Add(new ValueInfoProto { Name = $"y{i}" });
        }

        foreach ((string name, object value) in node.Attributes) proto.Attribute.Add(Attribute(name, value));
        return new ModelProto
        {
            IrVersion = 8,
            Graph = graph,
            OpsetImport = { new OperatorSetIdProto { Domain = "", Version = opset } },
        }.ToByteArray();
    }

    /// <summary>Runs a node of constants in ONNX Runtime.</summary>
    public static Tensor[] RunPeer(this Node node, int opset = Graph.WrittenOpset, int fed = int.MaxValue)
    {
        var feeds = new Dictionary<string, Tensor>();
        for (int i = 0; i < Math.Min(fed, node.Inputs.Count); i++)
            if (node.Inputs[i]?.Constant is { } tensor) feeds[$"x{i}"] = tensor;
        return Peers.OnnxRuntime.Run(node.Model(opset, fed), feeds);
    }

    /// <summary>Fails the test unless our results are, bit for bit, those of ONNX Runtime.</summary>
    public static void AssertAgrees(this Node node, int opset = Graph.WrittenOpset)
    {
        Tensor[] expected = node.RunPeer(opset), actual = node.Normalized(opset).Run();
        for (int i = 0; i < expected.Length; i++)
        {
            string what = $"{node.Type} of {string.Join(", ", node.Inputs.Select(v => v?.Constant?.ToString()))}, output {i}";
            Assert.AreEqual(expected[i].Type, actual[i].Type, what);
            Assert.AreEqual(expected[i].Shape, actual[i].Shape, what);
            Assert.IsTrue(expected[i].Bytes.Span.SequenceEqual(actual[i].Bytes.Span), what);
        }
    }

    /// <summary>Elements of any number type, none of them 0, of which each integer type has the same few.</summary>
    public static Tensor Random(Random random, ElementType type, params ReadOnlySpan<int> dims)
    {
        Tensor reals = Tensor.Zeros(ElementType.Float64, dims);
        foreach (ref double x in reals.Span<double>()) x = type.IsFloat() ? random.NextDouble() + 0.25 : random.Next(1, 100);
        return Casting.To(reals, type);
    }

    /// <summary>Sizes of up to <paramref name="maxRank"/> axes, each 1…5.</summary>
    public static int[] RandomDims(Random random, int minRank, int maxRank) =>
        [.. Enumerable.Range(0, random.Next(minRank, maxRank + 1)).Select(_ => random.Next(1, 6))];

    private static TensorProto Proto(string name, Tensor tensor)
    {
        var proto = new TensorProto { Name = name, DataType = (int)tensor.Type, RawData = ByteString.CopyFrom(tensor.Bytes.Span) };
        proto.Dims.AddRange(tensor.Dims.ToArray().Select(d => (long)d));
        return proto;
    }

    private static AttributeProto Attribute(string name, object value)
    {
        var attribute = new AttributeProto { Name = name };
        switch (value)
        {
            case long number:
                (attribute.I, attribute.Type) = (number, AttributeProto.Types.AttributeType.Int);
                break;
            case long[] numbers:
                attribute.Ints.AddRange(numbers);
                attribute.Type = AttributeProto.Types.AttributeType.Ints;
                break;
            case float number:
                (attribute.F, attribute.Type) = (number, AttributeProto.Types.AttributeType.Float);
                break;
            case float[] numbers:
                attribute.Floats.Add(numbers);
                attribute.Type = AttributeProto.Types.AttributeType.Floats;
                break;
            case string text:
                (attribute.S, attribute.Type) = (ByteString.CopyFromUtf8(text), AttributeProto.Types.AttributeType.String);
                break;
            case string[] texts:
                attribute.Strings.Add(texts.Select(ByteString.CopyFromUtf8));
                attribute.Type = AttributeProto.Types.AttributeType.Strings;
                break;
            case Tensor tensor:
                attribute.T = Proto("", tensor);
                attribute.Type = AttributeProto.Types.AttributeType.Tensor;
                break;
            default:
                throw new NotSupportedException(value.GetType().Name);
        }

        return attribute;
    }
}
