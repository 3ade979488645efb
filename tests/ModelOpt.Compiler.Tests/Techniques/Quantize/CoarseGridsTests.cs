using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Techniques.Quantize;
using ModelOpt.Compiler.Tests.Simplify;

namespace ModelOpt.Compiler.Tests.Techniques.Quantize;

[TestClass]
internal sealed class CoarseGridsTests
{
    [TestMethod]
    public void Small_shares_survive_in_every_engine()
    {
        Graph graph = Shares(400).Build();
        using var folder = new TempFolder();
        CompiledModel model = ModelCompiler.Compile(
            folder.Write("model.onnx", OnnxWriter.Write(graph)), folder.Calibrated(graph).Options, new DiagnosticList());
        Tensor x = TestGraph.RandomTensor(7, 1, 400), exact = new Interpreter(graph).Run(x)[0];
        Assert.IsGreaterThan(30, QuantizeTesting.Sqnr(exact, TfliteRunner.Run(model.Tflite, x)[0]), "runtime");
        Assert.IsGreaterThan(30, QuantizeTesting.Sqnr(exact, TfliteRunner.RunLiteRt(model.Tflite, x)[0]), "LiteRT");
        Tensor peer = GraphTesting.RunPeer(model.Onnx, new Dictionary<string, Tensor> { ["x"] = x })[0];
        Assert.IsGreaterThan(30, QuantizeTesting.Sqnr(exact, peer), ".onnx");
        Assert.AreEqual(CoarseGrids.Reason, model.Report.Layers.Single(l => l.Name == "Softmax").Reason);
    }

    [TestMethod]
    [DataRow(400, false)]
    [DataRow(4, true)]
    public void The_prescribed_grid_is_taken_where_values_use_it(int elements, bool isPrescribed)
    {
        Graph graph = Shares(elements).Build();
        using var folder = new TempFolder();
        new Int8Quantization().Apply(graph, folder.Calibrated(graph));
        Quantization grid = graph.Nodes[0].Output.Quantization!;
        Assert.AreEqual(isPrescribed, grid.Equals(Quantization.PerTensor(ElementType.Int8, 1f / 256, -128)));
        Assert.IsTrue(isPrescribed || grid.Scale < 1f / 256 / 16);
    }

    [TestMethod]
    public void A_model_of_nothing_else_is_told_of()
    {
        var g = new TestGraph();
        g.Output(g.Add("Softmax", g.Input("x", -1, 400)));
        Graph graph = g.Build();
        using var folder = new TempFolder();
        DiagnosticList diagnostics = new();
        Assert.AreEqual(0, new Int8Quantization().Apply(graph, folder.Calibrated(graph) with { Diagnostics = diagnostics }).Changes);
        Assert.AreEqual(RecipeDiagnostics.NothingQuantized, diagnostics.Diagnostics.Single().Descriptor);
    }

    private static TestGraph Shares(int elements)
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, elements);
        g.Output(g.Add("Mul", x, g.Add("Softmax", x)));
        return g;
    }
}
