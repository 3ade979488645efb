using System.Runtime.InteropServices;
using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Simplify;
using ModelOpt.Compiler.Techniques.Quantize;
using ModelOpt.Compiler.Tests.Data;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;
using Graph = ModelOpt.Compiler.Graphs.Graph;
using Node = ModelOpt.Compiler.Graphs.Node;
using StoredNode = ModelOpt.Runtime.Model.Node;
using Tensor = ModelOpt.Compiler.Graphs.Tensor;

namespace ModelOpt.Compiler.Tests.Techniques.Quantize;

[TestClass]
internal sealed class RecurrentIntegersTests
{
    private const int Steps = 5, Inputs = 12, Hidden = 24;

    [TestMethod]
    [DataRow("LSTM", 4)]
    [DataRow("GRU", 3)]
    [DataRow("RNN", 1)]
    public void Layers_multiply_in_int8_and_the_file_computes_what_the_interpreter_does(string type, int gates)
    {
        using TempFolder folder = new();
        (Graph graph, PassContext context, IReadOnlyList<AppliedPass> passes) = Compress(folder, type, gates, QuantizationMode.Int8);
        Node layer = graph.Nodes.Single(n => n.Type == type);
        Assert.IsTrue(layer.RoundsAtRun);
        Assert.AreEqual(1, passes.Single(p => p.Name == nameof(RecurrentIntegers)).Changes);
        byte[] file = Lowering.Write(graph, default);
        StoredNode stored = GraphReader.Read(file).Nodes.Single(n => n.Operator is BuiltinOperator.LSTM or BuiltinOperator.GRU
            or BuiltinOperator.RNN);
        Assert.AreEqual((TensorType.Int8, TensorType.Int8), (stored.Input(1).Type, stored.Input(2).Type));
        double dot = 0, wanted = 0, got = 0;
        for (int i = 0; i < 20; i++)
        {
            Tensor x = TestGraph.RandomTensor(500 + i, 1, Steps, Inputs);
            float[] expected = new Interpreter(graph) { FakeQuantize = true }.Run(x)[0].Span<float>().ToArray();
            float[] actual = TfliteRunner.Run(file, x)[0].Span<float>().ToArray();
            CollectionAssert.AreEqual(expected, actual);
            float[] exact = new Interpreter(context.Reference!).Run(x)[0].Span<float>().ToArray();
            dot += exact.Zip(actual, (a, b) => (double)a * b).Sum();
            wanted += exact.Sum(a => (double)a * a);
            got += actual.Sum(a => (double)a * a);
        }

        Assert.IsGreaterThan(0.99, dot / Math.Sqrt(wanted * got), "cosine on new sequences");
    }

    [TestMethod]
    public void The_written_files_are_verified()
    {
        using TempFolder folder = new();
        Graph graph = Network("LSTM", 4, 0);
        CompiledModel model = ModelCompiler.Compile(
            folder.Write("lstm.onnx", OnnxWriter.Write(graph)), Options(folder, QuantizationMode.Int8, 0), new DiagnosticList());
        Assert.Contains("multiply in int8", string.Join('\n', model.Report.Passes.SelectMany(p => p.Notes)));
        StringAssert.StartsWith(model.Report.Layers.Single(l => l.Operator == "LSTM").Reason, "multiplies in int8");
    }

    [TestMethod]
    public void Weights_alone_and_models_without_data_compute_in_float()
    {
        using TempFolder folder = new();
        Assert.IsFalse(Compress(folder, "GRU", 3, QuantizationMode.WeightOnlyInt8).Graph.Nodes.Single(n => n.Type == "GRU").RoundsAtRun);
        Graph graph = Network("GRU", 3, 0);
        PassContext context = new(new CompileOptions(), new Recipe(), new DiagnosticList());
        PassPipeline.Simplify(graph, context);
        PassPipeline.Compress(graph, context);
        Assert.IsFalse(graph.Nodes.Single(n => n.Type == "GRU").RoundsAtRun);
    }

    /// <summary>One input is far larger than the others and has no weight: its steps leave nothing of what counts.</summary>
    [TestMethod]
    public void A_layer_that_would_lose_too_much_stays_in_float_and_says_so()
    {
        using TempFolder folder = new();
        (Graph graph, _, IReadOnlyList<AppliedPass> passes) = Compress(folder, "LSTM", 4, QuantizationMode.Int8, 1e4f);
        Assert.IsFalse(graph.Nodes.Single(n => n.Type == "LSTM").RoundsAtRun);
        AppliedPass pass = passes.Single(p => p.Name == nameof(RecurrentIntegers));
        Assert.AreEqual((0, RecurrentIntegers.Reason), (pass.Changes, pass.Notes.Single().Text));
    }

    private static (Graph Graph, PassContext Context, IReadOnlyList<AppliedPass> Passes) Compress(
        TempFolder folder, string type, int gates, QuantizationMode mode, float largest = 0)
    {
        Graph graph = Network(type, gates, largest);
        PassContext context = new(Options(folder, mode, largest), new Recipe(), new DiagnosticList());
        PassPipeline.Simplify(graph, context);
        IReadOnlyList<AppliedPass> passes = PassPipeline.Compress(graph, context);
        return (graph, context, passes);
    }

    private static CompileOptions Options(TempFolder folder, QuantizationMode mode, float largest)
    {
        const int samples = 32;
        Tensor x = TestGraph.RandomTensor(77, samples, Steps, Inputs);
        for (int i = 0; i < x.Count && largest > 0; i += Inputs) x.Span<float>()[i] *= largest;
        string file = folder.Write(
            "x.npy", DataTesting.Npy("<f4", $"{samples}, {Steps}, {Inputs}", MemoryMarshal.AsBytes(x.Span<float>())));
        return new() { CalibrationData = [file], Quantization = mode };
    }

    private static Graph Network(string type, int gates, float largest)
    {
        var g = new TestGraph();
        Value x = g.Add("Transpose", [g.Input("x", -1, Steps, Inputs)], ("perm", new[] { 1, 0, 2 }));
        Tensor w = TestGraph.RandomTensor(1, 1, gates * Hidden, Inputs), r = TestGraph.RandomTensor(2, 1, gates * Hidden, Hidden);
        for (int i = 0; i < w.Count && largest > 0; i += Inputs) w.Span<float>()[i] = 0;
        foreach (ref float element in r.Span<float>()) element *= 0.4f;
        Node layer = g.Node(type, [x, g.Constant(w), g.Constant(r), g.Random(3, 1, 2 * gates * Hidden)], 2, ("hidden_size", Hidden));
        g.Output(g.Add("Transpose", [layer.Outputs[0]], ("perm", new[] { 2, 0, 1, 3 })));
        return g.Build();
    }
}
