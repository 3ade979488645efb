using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Onnx.Proto;
using ModelOpt.Compiler.Onnx.Rewrites;
using ModelOpt.Compiler.Onnx.Rewrites.Learned;
using ModelOpt.Compiler.Operators.Generation;
using ModelOpt.Compiler.Tests.Peers;

namespace ModelOpt.Compiler.Tests.Onnx.Rewrites;

/// <summary>Builds models of operators that are rewritten, and compares what becomes of them with ONNX Runtime.</summary>
internal sealed class RewriteModel
{
    private readonly QdqModel _model = new();
    private readonly Random _random = new(7);

    public RewriteModel(int opset = 17, int learned = 3) => Proto.Opset(opset).Proto.OpsetImport.Add(
    [
        new OperatorSetIdProto { Domain = NodeRewrite.Microsoft, Version = 1 },
        new OperatorSetIdProto { Domain = LearnedRewrite.MachineLearning, Version = learned },
    ]);

    public OnnxModel Proto => _model.Model;

    /// <summary>An input of the caller; the last is fed last.</summary>
    public string Input(ElementType type, params int[] dims)
    {
        string name = $"x{Proto.Graph.Input.Count}";
        Proto.Input(name, (int)type, [.. dims.Select(d => $"{d}")]);
        return name;
    }

    public string Constant(Tensor tensor) => _model.Constant(tensor);

    public string Floats(float scale, params int[] dims)
    {
        Tensor tensor = Tensor.Zeros(ElementType.Float32, dims);
        foreach (ref float element in tensor.Span<float>()) element = scale * ((2 * _random.NextSingle()) - 1);
        return Constant(tensor);
    }

    /// <summary>Integers of all that a type holds; those of int32 below 1000.</summary>
    public string Integers(ElementType type, params int[] dims)
    {
        Tensor tensor = Tensor.Zeros(type, dims);
        if (type != ElementType.Int32) _random.NextBytes(tensor.Bytes.Span);
        else foreach (ref int element in tensor.Span<int>()) element = _random.Next(-1000, 1000);
        return Constant(tensor);
    }

    /// <summary>A scale, or several, not far from a number.</summary>
    public string Scale(float about, int count = 1) => Constant(count == 1 ? Tensor.Scalar(about * (1 + (0.3f * _random.NextSingle())))
        : Tensor.Vector<float>([.. Enumerable.Range(0, count).Select(_ => about * (1 + _random.NextSingle()))]));

    public string Zero(ElementType type, int value) => Constant(QdqModel.Integers(type, [], value));

    /// <summary>A node of one output; those that ONNX itself lacks are ONNX Runtime's.</summary>
    public string Node(string type, string[] inputs, params (string Name, object Value)[] attributes) =>
        Nodes(type, inputs, 1, attributes)[0];

    public string[] Nodes(string type, string[] inputs, int outputs, params (string Name, object Value)[] attributes)
    {
        string[] names = _model.Nodes(type, inputs, outputs, attributes);
        NodeProto node = Proto.Graph.Node[^1];
        if (NodeRewrites.Find(new Node(type, "", [], []) { Domain = NodeRewrite.Microsoft }) is not (null or OnnxTwin))
            node.Domain = NodeRewrite.Microsoft;
        if (NodeRewrites.Names(LearnedRewrite.MachineLearning).Contains(type)) node.Domain = LearnedRewrite.MachineLearning;
        return names;
    }

    /// <summary>A node of ONNX Runtime's, where ONNX has one of that name, too.</summary>
    public string Twin(string type, string[] inputs, params (string Name, object Value)[] attributes)
    {
        string name = _model.Nodes(type, inputs, 1, attributes)[0];
        Proto.Graph.Node[^1].Domain = NodeRewrite.Microsoft;
        return name;
    }

    /// <summary>A node of ONNX's own, where ONNX Runtime has another of that name; its outputs are y0, y1….</summary>
    public void Own(string type, string[] inputs, int outputs, params (string Name, object Value)[] attributes)
    {
        string[] names = _model.Nodes(type, inputs, outputs, attributes);
        for (int i = 0; i < outputs; i++) Proto.Graph.Node[^1].Output[i] = $"y{i}";
        Assert.HasCount(outputs, names);
    }

    public RewriteModel Output(string value, ElementType type = ElementType.Float32)
    {
        _model.Output(value, type);
        return this;
    }

    public byte[] Bytes() => _model.Bytes();

    public Graph Read()
    {
        Graph graph = OnnxReader.Read(Bytes());
        ShapeInference.Run(graph);
        return graph;
    }

    /// <summary>Compiles without quantization, and fails unless interpreter and runtime compute what ONNX Runtime does.</summary>
    /// <param name="off">The share of elements that may be one step, or the float tolerance, off.</param>
    /// <param name="step">A step of the output, where it is float.</param>
    public CompiledModel AssertAgrees(double off = 0, float step = 1e-4f)
    {
        byte[] model = Bytes();
        using var folder = new TempFolder();
        var diagnostics = new DiagnosticList();
        CompiledModel compiled = ModelCompiler.Compile(
            folder.Write("model.onnx", model), new CompileOptions { Quantization = QuantizationMode.None }, diagnostics);
        Graph graph = Read();
        Dictionary<string, Tensor> feeds = graph.Feeds();
        foreach ((string _, Tensor feed) in feeds)
            if (!feed.Type.IsFloat()) new Random(4).NextBytes(feed.Bytes.Span);
        Tensor[] expected = OnnxRuntime.Run(model, feeds, asWritten: true);
        AssertSame(expected, graph.Interpret(feeds, fakeQuantize: true), "the interpreter", off, step);
        AssertSame(expected, TfliteRunner.Run(compiled.Tflite, [.. graph.Inputs.Select(i => feeds[i.Name])]), "the runtime", off, step);
        AssertSame(expected, OnnxRuntime.Run(compiled.Onnx, feeds, asWritten: true), "the .onnx", off, step);
        return compiled;
    }

    private static void AssertSame(Tensor[] expected, Tensor[] actual, string who, double off, float step)
    {
        for (int output = 0; output < expected.Length; output++)
        {
            Assert.AreEqual((expected[output].Type, expected[output].Shape), (actual[output].Type, actual[output].Shape), who);
            float[] e = Elements.ToFloats(expected[output]), a = Elements.ToFloats(actual[output]);
            float most = expected[output].Type != ElementType.Float32 ? 1 : step * Math.Max(1, e.Max(MathF.Abs));
            Assert.IsLessThanOrEqualTo(most, e.Zip(a, (x, y) => MathF.Abs(x - y)).Max(), $"{who}, output {output}");
            if (expected[output].Type != ElementType.Float32)
                Assert.IsLessThanOrEqualTo((int)(off * e.Length), e.Zip(a).Count(p => p.First != p.Second), $"{who}, output {output}");
        }
    }
}
