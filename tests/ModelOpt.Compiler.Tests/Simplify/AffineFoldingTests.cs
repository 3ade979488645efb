using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Tests.Simplify;

[TestClass]
internal sealed class AffineFoldingTests
{
    [TestMethod]
    [DataRow("Mul", false)]
    [DataRow("Mul", true)]
    [DataRow("Add", false)]
    [DataRow("Sub", false)]
    [DataRow("Sub", true)]
    [DataRow("Div", false)]
    public void A_constant_per_channel_is_folded(string type, bool constantFirst)
    {
        foreach (int[] dims in new int[][] { [1], [4, 1, 1], [1, 4, 1, 1] })
        {
            var g = new TestGraph();
            Value y = g.Add("Conv", g.Input("x", -1, 3, 6, 6), g.Random(1, 4, 3, 3, 3), g.Random(2, 4)), c = g.Random(3, dims);
            g.Output(constantFirst ? g.Add(type, c, y) : g.Add(type, y, c));
            Assert.AreEqual("Conv", new AffineFolding().Apply(g.Build(), 1));
        }
    }

    [TestMethod]
    public void What_is_rounded_before_stays()
    {
        var g = new TestGraph();
        Value y = g.Add("Conv", g.Input("x", -1, 3, 6, 6), g.Random(1, 4, 3, 3, 3));
        y.Quantization = Quantization.PerTensor(ElementType.Int8, 0.1f, 0);
        g.Output(g.Add("Add", y, g.Random(3, 4, 1, 1)));
        Assert.AreEqual(0, new AffineFolding().Apply(g.Build(), PassTesting.Context).Changes);
    }

    [TestMethod]
    public void What_is_rounded_behind_is_rounded_still()
    {
        var g = new TestGraph();
        Value y = g.Output(g.Add("Add", g.Add("Conv", g.Input("x", -1, 3, 6, 6), g.Random(1, 4, 3, 3, 3)), g.Random(3, 4, 1, 1)));
        Quantization grid = y.Quantization = Quantization.PerTensor(ElementType.Int8, 0.1f, 0);
        Graph graph = g.Build();
        Assert.AreEqual(1, new AffineFolding().Apply(graph, PassTesting.Context).Changes);
        Assert.AreEqual(grid, graph.Outputs[0].Quantization);
    }

    [TestMethod]
    public void Behind_a_dense_layer_the_last_axis_is_the_channel()
    {
        var g = new TestGraph();
        Value y = g.Add("Gemm", [g.Input("x", -1, 5), g.Random(1, 4, 5)], ("transB", 1));
        g.Output(g.Add("Add", g.Add("Mul", y, g.Random(2, 4)), g.Random(3, 1, 4)));
        Assert.AreEqual("Gemm", new AffineFolding().Apply(g.Build(), 2));
    }

    [TestMethod]
    public void A_constant_that_differs_within_a_channel_or_divides_stays()
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 3, 4, 4), w = g.Random(1, 4, 3, 1, 1);
        g.Output(g.Add("Add", g.Add("Conv", x, w), g.Random(2, 4, 4)));
        g.Output(g.Add("Div", g.Random(2, 4, 1, 1), g.Add("Conv", x, w)));
        g.Output(g.Add("Add", g.Add("Conv", x, w), g.Random(2, 4)));
        Assert.AreEqual("Conv Add Conv Div Conv Add", new AffineFolding().Apply(g.Build(), 0));
    }

    [TestMethod]
    public void A_constant_that_widens_the_result_stays()
    {
        var g = new TestGraph();
        g.Output(g.Add("Add", g.Add("Conv", g.Input("x", -1, 3, 4, 4), g.Random(1, 1, 3, 1, 1)), g.Random(2, 5, 1, 1)));
        g.Output(g.Add("Add", g.Add("Conv", g.Input("z", 1, 3, 4, 4), g.Random(1, 2, 3, 1, 1)), g.Random(2, 1, 1, 2, 1, 1)));
        Assert.AreEqual("Conv Add Conv Add", new AffineFolding().Apply(g.Build(), 0));
    }
}
