using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Simplify;
using ModelOpt.Compiler.Tests.Peers;
using ModelOpt.Compiler.Tests.Simplify;

namespace ModelOpt.Compiler.Tests.Compile;

[TestClass]
internal sealed class PassPipelineTests
{
    [TestMethod]
    [DataRow("fashion_cnn.onnx", "Conv Relu MaxPool Flatten Gemm")]
    [DataRow("fashion_mobilenet.onnx", null)]
    public void A_simplified_model_computes_the_same(string name, string? types)
    {
        byte[] original = File.ReadAllBytes(GraphTesting.Fixture(name));
        Graph graph = OnnxReader.Read(original);
        ShapeInference.Run(graph, useStated: true);
        PassPipeline.Simplify(graph, PassTesting.Context);
        Assert.IsFalse(graph.Nodes.Any(n => n.Type is "BatchNormalization" or "Identity" or "Constant"));
        if (types is not null) Assert.AreEqual(types, graph.Types());

        byte[] written = OnnxWriter.Write(graph);
        OnnxRuntime.AssertValid(written);
        Dictionary<string, Tensor> feeds = graph.Feeds();
        GraphTesting.AssertClose(GraphTesting.RunPeer(original, feeds), GraphTesting.RunPeer(written, feeds));
    }

    [TestMethod]
    public void Passes_make_way_for_one_another()
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 3, 6, 6);
        Value v = g.Add("Conv", g.Add("Pad", x, g.Longs(0, 0, 1, 1, 0, 0, 1, 1)), g.Random(1, 4, 3, 3, 3));
        v = g.Add("Add", g.Add("Identity", g.Add("Mul", v, g.Random(2, 4, 1, 1))), g.Random(3, 1, 4, 1, 1));
        Value batch = g.Add("Gather", [g.Add("Shape", x), g.Longs(0)], ("axis", 0));
        v = g.Add("Reshape", v, g.Add("Concat", [batch, g.Longs(-1)], ("axis", 0)));
        v = g.Add("Add", g.Add("MatMul", v, g.Add("Transpose", [g.Random(4, 5, 144)], ("perm", new[] { 1, 0 }))), g.Random(5, 5));
        g.Output(v);
        Graph graph = g.Build();
        Dictionary<string, Tensor> feeds = graph.Feeds();
        Tensor[] before = graph.Interpret(feeds);
        IReadOnlyList<AppliedPass> applied = PassPipeline.Simplify(graph, PassTesting.Context);
        Assert.AreEqual("Conv Reshape Gemm", graph.Types());
        Assert.AreEqual(3, applied.Single(p => p.Name == nameof(AffineFolding)).Changes);
        GraphTesting.AssertClose(before, graph.RunPeer(feeds));
    }

    [TestMethod]
    public void Cancellation_ends_between_passes()
    {
        var g = new TestGraph();
        g.Output(g.Add("Relu", g.Input("x", 2)));
        var context = new PassContext(
            new CompileOptions(), new Recipe(), new DiagnosticList(), Cancellation: new CancellationToken(canceled: true));
        Assert.ThrowsExactly<OperationCanceledException>(() => PassPipeline.Simplify(g.Build(), context));
    }
}
