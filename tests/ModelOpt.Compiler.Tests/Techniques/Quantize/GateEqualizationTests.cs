using ModelOpt.Compiler.Techniques.Quantize;

namespace ModelOpt.Compiler.Tests.Techniques.Quantize;

[TestClass]
internal sealed class GateEqualizationTests
{
    [TestMethod]
    [DataRow("HardSwish")]
    [DataRow("Sigmoid")]
    public void The_float_model_computes_the_same(string gate)
    {
        using var folder = new TempFolder();
        Graph graph = Disparate(gate);
        Dictionary<string, Tensor> feeds = graph.Feeds();
        Tensor before = graph.Interpret(feeds)[0];
        Assert.AreEqual(1, new GateEqualization().Apply(graph, folder.Calibrated(graph)).Changes);
        ShapeInference.Run(graph);
        GraphVerifier.Verify(graph, "equalization");
        GraphTesting.AssertClose([before], graph.Interpret(feeds));
        Assert.HasCount(3, graph.Nodes.Where(n => n.Type == "Conv"));
        Assert.IsFalse(graph.Nodes.Any(n => n.Type == "HardSwish"));
    }

    [TestMethod]
    [DataRow("HardSwish")]
    [DataRow("Sigmoid")]
    public void Disparate_channels_lose_far_less_to_rounding(string gate)
    {
        double without = Sqnr(gate, equalize: false), with = Sqnr(gate, equalize: true);
        Assert.IsLessThan(22, without, "the graph is no hard case");
        Assert.IsGreaterThan(without + 10, with, "noise must fall to less than a tenth");
    }

    [TestMethod]
    public void Files_with_scaled_gates_agree() => Disparate("HardSwish").AssertArtifactsAgree(("Conv", 3), ("HardSwish", 0));

    [TestMethod]
    public void Equal_channels_are_left_alone()
    {
        using var folder = new TempFolder();
        var g = new TestGraph();
        Value x = g.Add("Conv", g.Input("x", -1, 4, 5, 5), g.Random(1, 4, 4, 1, 1));
        g.Output(g.Add("Conv", g.Add("HardSwish", x), g.Random(2, 4, 4, 1, 1)));
        Graph graph = g.Build();
        Assert.AreEqual(0, new GateEqualization().Apply(graph, folder.Calibrated(graph)).Changes);
    }

    [TestMethod]
    public void Without_data_nothing_changes() =>
        Assert.AreEqual(0, new GateEqualization().Apply(Disparate("HardSwish"), Simplify.PassTesting.Context).Changes);

    private static double Sqnr(string gate, bool equalize)
    {
        using var folder = new TempFolder();
        Graph graph = Disparate(gate);
        Dictionary<string, Tensor> feeds = graph.Feeds();
        Tensor exact = graph.Interpret(feeds)[0];
        PassContext context = folder.Calibrated(graph);
        if (equalize) new GateEqualization().Apply(graph, context);
        ShapeInference.Run(graph);
        new Int8Quantization().Apply(graph, context);
        return QuantizeTesting.Sqnr(exact, graph.Interpret(feeds, fakeQuantize: true)[0]);
    }

    /// <summary>Channels that differ by up to 2^7 in magnitude, all of the same weight for the result.</summary>
    private static Graph Disparate(string gate)
    {
        var g = new TestGraph();
        Tensor first = TestGraph.RandomTensor(1, 16, 3, 3, 3), second = TestGraph.RandomTensor(3, 4, 16, 1, 1);
        for (int i = 0; i < first.Count; i++) first.Span<float>()[i] *= MathF.Pow(2, i / 27 % 8);
        for (int i = 0; i < second.Count; i++) second.Span<float>()[i] /= MathF.Pow(2, i % 16 % 8);
        Value x = g.Add("Conv", g.Input("x", -1, 3, 8, 8), g.Constant(first), g.Random(2, 16));
        Value y = gate == "Sigmoid" ? g.Add("Mul", x, g.Add("Sigmoid", x)) : g.Add(gate, x);
        g.Output(g.Add("Conv", y, g.Constant(second), g.Random(4, 4)));
        return g.Build();
    }
}
