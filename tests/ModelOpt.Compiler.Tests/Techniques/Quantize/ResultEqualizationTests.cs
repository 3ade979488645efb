using ModelOpt.Compiler.Techniques.Quantize;

namespace ModelOpt.Compiler.Tests.Techniques.Quantize;

[TestClass]
internal sealed class ResultEqualizationTests
{
    [TestMethod]
    public void The_float_model_computes_the_same_and_int8_loses_far_less()
    {
        double without = Sqnr(equalize: false), with = Sqnr(equalize: true);
        Assert.IsLessThan(28, without, "the graph is no hard case");
        Assert.IsGreaterThan(without + 5, with);
    }

    [TestMethod]
    public void Files_with_scaled_results_agree() => Wide(30, behind: true).AssertArtifactsAgree(("Gemm", 2));

    [TestMethod]
    public void Even_channels_are_left_alone()
    {
        using var folder = new TempFolder();
        Graph graph = Wide(1);
        Assert.AreEqual(0, new ResultEqualization().Apply(graph, folder.Calibrated(graph)).Changes);
    }

    [TestMethod]
    public void Without_data_nothing_changes() =>
        Assert.AreEqual(0, new ResultEqualization().Apply(Wide(30), Simplify.PassTesting.Context).Changes);

    private static double Sqnr(bool equalize)
    {
        using var folder = new TempFolder();
        Graph graph = Wide(30);
        Dictionary<string, Tensor> feeds = graph.Feeds();
        Tensor exact = graph.Interpret(feeds)[0];
        PassContext context = folder.Calibrated(graph);
        if (equalize)
        {
            Assert.AreEqual(1, new ResultEqualization().Apply(graph, context).Changes);
            ShapeInference.Run(graph);
            GraphTesting.AssertClose([exact], graph.Interpret(feeds));
        }

        new Int8Quantization().Apply(graph, context);
        return QuantizeTesting.Sqnr(exact, graph.Interpret(feeds, fakeQuantize: true)[0]);
    }

    /// <summary>A layer that adds to a residual stream: one of its channels is wider than others that matter as much.</summary>
    private static Graph Wide(float times, bool behind = false)
    {
        var g = new TestGraph();
        Tensor weight = TestGraph.RandomTensor(1, 8, 8);
        foreach (ref float x in weight.Span<float>()[..8]) x *= times;
        Value input = g.Input("x", -1, 8), rows = g.Add("Gemm", [input, g.Constant(weight), g.Random(2, 8)], ("transB", 1));
        Value stream = g.Add("Add", g.Add("Floor", g.Add("Reshape", input, g.Longs(-1, 1, 8))), g.Add("Reshape", rows, g.Longs(-1, 1, 8)));
        Value normalized = g.Add("LayerNormalization", stream, g.Floats(0.01f, 1, 1, 1, 1, 1, 1, 1));
        if (behind) normalized = g.Add("Gemm", [g.Add("Reshape", normalized, g.Longs(-1, 8)), g.Random(5, 8, 8)], ("transB", 1));
        g.Output(normalized);
        return g.Build();
    }
}
