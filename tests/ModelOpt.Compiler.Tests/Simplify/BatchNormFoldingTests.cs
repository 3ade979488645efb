using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Tests.Simplify;

[TestClass]
internal sealed class BatchNormFoldingTests
{
    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void Behind_a_convolution_it_is_folded(bool bias)
    {
        var g = new TestGraph();
        Value y = g.Add("Conv", g.Input("x", -1, 3, 6, 6), g.Random(1, 4, 3, 3, 3), bias ? g.Random(2, 4) : null);
        g.Output(g.Add("Relu", Norm(g, y, 4)));
        Assert.AreEqual("Conv Relu", new BatchNormFolding().Apply(g.Build(), 1));
    }

    [TestMethod]
    public void Weights_that_another_convolution_shares_stay_as_they_are()
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 3, 6, 6), w = g.Random(1, 4, 3, 3, 3);
        g.Output(Norm(g, g.Add("Conv", x, w), 4));
        g.Output(g.Add("Conv", x, w));
        Assert.AreEqual("Conv Conv", new BatchNormFolding().Apply(g.Build(), 1));
    }

    [TestMethod]
    public void A_result_that_another_node_reads_is_not_changed()
    {
        var g = new TestGraph();
        Value y = g.Add("Conv", g.Input("x", -1, 3, 6, 6), g.Random(1, 4, 3, 3, 3));
        g.Output(g.Add("Add", Norm(g, y, 4), y));
        Assert.AreEqual("Conv BatchNormalization Add", new BatchNormFolding().Apply(g.Build(), 0));
    }

    [TestMethod]
    public void Before_a_convolution_without_padding_it_is_folded()
    {
        var g = new TestGraph();
        Value y = Norm(g, g.Add("Relu", g.Input("x", -1, 4, 6, 6)), 4);
        g.Output(g.Add("Conv", [y, g.Random(1, 6, 2, 3, 3), g.Random(5, 6)], ("group", 2)));
        Assert.AreEqual("Relu Conv", new BatchNormFolding().Apply(g.Build(), 1));
    }

    [TestMethod]
    public void Before_a_convolution_with_padding_it_stays()
    {
        var g = new TestGraph();
        Value y = Norm(g, g.Add("Relu", g.Input("x", -1, 4, 6, 6)), 4);
        g.Output(g.Add("Conv", [y, g.Random(1, 6, 4, 3, 3)], ("pads", new[] { 1, 1, 1, 1 })));
        Assert.AreEqual("Relu BatchNormalization Conv", new BatchNormFolding().Apply(g.Build(), 0));
    }

    private static Value Norm(TestGraph g, Value x, int channels)
    {
        Tensor variance = TestGraph.RandomTensor(9, channels);
        foreach (ref float v in variance.Span<float>()) v = (v * v) + 0.1f;
        return g.Add(
            "BatchNormalization",
            [x, g.Random(6, channels), g.Random(7, channels), g.Random(8, channels), g.Constant(variance)],
            ("epsilon", 1e-3));
    }
}
