using System.Runtime.InteropServices;
using ModelOpt.Compiler.Operators.Generation;
using ModelOpt.Compiler.Tests.Peers;
using ModelOpt.Runtime;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Tests.Operators.Contract;

/// <summary>Builds a graph node by node, lowers it, and runs it in the interpreter, in our runtime and in LiteRT.</summary>
internal sealed class LoweringGraph
{
    /// <summary>A batch that the caller chooses.</summary>
    public static readonly Dim Batch = new(-1, "N");

    private readonly Random _random = new(7);

    public Graph Graph { get; } = new();

    public Value Input(string name, params Dim[] dims)
    {
        Value value = new(name, ElementType.Float32, new Shape(dims));
        Graph.Inputs.Add(value);
        return value;
    }

    /// <summary>A constant of numbers in [-0.5, 0.5), the same in every run.</summary>
    public Value Weight(params int[] dims) => Graph.AddConstant("weight", Random(dims));

    public Value Constant<T>(int[] dims, params T[] elements) where T : unmanaged =>
        Graph.AddConstant("constant", Tensor.Of<T>(dims, elements));

    /// <summary>Adds a node with one output.</summary>
    public Value Node(string type, Value?[] inputs, params (string Name, object Value)[] attributes)
    {
        Value output = new(Graph.UniqueName($"{type}_output"));
        Node node = new(type, Graph.UniqueName(type), inputs, [output]);
        foreach ((string name, object value) in attributes) node.Attributes[name] = value;
        Graph.Add(node);
        Operator.Of(node).InferShapes(node);
        return output;
    }

    public void Output(Value value, string name = "output")
    {
        value.Name = name;
        Graph.Outputs.Add(value);
    }

    public byte[] Lower() => Lowering.Write(Graph);

    /// <summary>Inputs for all graph inputs, with a batch of one where it is open.</summary>
    public Tensor[] RandomInputs() =>
        [.. Graph.Inputs.Select(i => Random([.. i.Shape!.Select(d => d.IsKnown ? (int)d.Size : 1)]))];

    public Tensor Random(int[] dims)
    {
        Tensor tensor = Tensor.Zeros(ElementType.Float32, dims);
        foreach (ref float x in tensor.Span<float>()) x = _random.NextSingle() - 0.5f;
        return tensor;
    }

    /// <summary>The outputs by the operators' own definition; what is annotated is not rounded.</summary>
    public Tensor[] Interpret(Tensor[] inputs)
    {
        Dictionary<Value, Tensor> tensors = [];
        foreach ((Value value, Tensor tensor) in Graph.Inputs.Zip(inputs)) tensors[value] = tensor;
        foreach (Node node in Graph.Nodes)
        {
            ForwardContext context = new(node, [.. node.Inputs.Select(v => v is null ? null : v.Constant ?? tensors[v])]);
            Operator.Of(node).Forward(context);
            for (int i = 0; i < node.Outputs.Count; i++)
                if (node.Outputs[i] is { } output) tensors[output] = context.Outputs[i]!;
        }

        return [.. Graph.Outputs.Select(o => tensors[o])];
    }

    public static float[][] RunOurs(byte[] tflite, Tensor[] inputs)
    {
        using TfliteModel model = TfliteModel.Load(tflite);
        using ModelCall call = model.Begin(model.BatchOf(inputs[0].Count));
        for (int i = 0; i < inputs.Length; i++) call.SetInput<float>(i, inputs[i].Span<float>());
        call.Run();
        float[][] outputs = new float[model.Outputs.Count][];
        for (int i = 0; i < outputs.Length; i++)
        {
            outputs[i] = new float[call.GetOutputShape(i).ToArray().Aggregate(1, (count, size) => count * size)];
            call.GetOutput(i, outputs[i].AsSpan());
        }

        return outputs;
    }

    public static float[][] RunLiteRt(byte[] tflite, Tensor[] inputs) =>
        [.. LiteRt.Run(tflite, [.. inputs.Select(i => i.Bytes.ToArray())]).Select(o => o.Span<float>().ToArray())];

    /// <summary>Lowers, checks our runtime and LiteRT against the interpreter, and returns the file.</summary>
    public byte[] AssertRuns(float tolerance = 1e-5f)
    {
        byte[] tflite = Lower();
        Tensor[] inputs = RandomInputs();
        Tensor[] expected = Interpret(inputs);
        float[][] ours = RunOurs(tflite, inputs), theirs = RunLiteRt(tflite, inputs);
        for (int i = 0; i < expected.Length; i++)
        {
            AssertClose(expected[i].Span<float>(), ours[i], tolerance, "our runtime");
            AssertClose(expected[i].Span<float>(), theirs[i], tolerance, "LiteRT");
        }

        return tflite;
    }

    public static void AssertClose(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, float tolerance, string who)
    {
        Assert.AreEqual(expected.Length, actual.Length, $"{who}: number of elements");
        for (int i = 0; i < expected.Length; i++)
        {
            float limit = tolerance * Math.Max(1, Math.Abs(expected[i]));
            if (!(Math.Abs(expected[i] - actual[i]) <= limit))
                Assert.Fail($"{who}: element {i} is {actual[i]}, expected {expected[i]}");
        }
    }

    /// <summary>The operators of a file, in order.</summary>
    public static BuiltinOperator[] Operators(byte[] tflite)
    {
        ModelTable model = ModelTable.Open(tflite);
        SubgraphTable graph = new(model.Subgraphs[0]);
        BuiltinOperator[] result = new BuiltinOperator[graph.Operators.Count];
        for (int i = 0; i < result.Length; i++)
        {
            uint code = new OperatorTable(graph.Operators[i]).OpcodeIndex;
            result[i] = new OperatorCodeTable(model.OperatorCodes[(int)code]).Operator;
        }

        return result;
    }
}
