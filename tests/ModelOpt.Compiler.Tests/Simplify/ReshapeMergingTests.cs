using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Tests.Simplify;

[TestClass]
internal sealed class ReshapeMergingTests
{
    [TestMethod]
    public void A_chain_becomes_one_reshape()
    {
        var g = new TestGraph();
        Value v = g.Add("Squeeze", g.Input("x", -1, 6, 1, 1), g.Longs(2, 3));
        v = g.Add("Unsqueeze", v, g.Longs(1));
        v = g.Add("Reshape", v, g.Longs(-1, 2, 3));
        g.Output(g.Add("Flatten", v));
        Graph graph = g.Build();
        new ReshapeMerging().Apply(graph);
        Assert.AreEqual("Reshape", new DeadNodeRemoval().Apply(graph));
    }

    [TestMethod]
    public void A_value_that_is_rounded_in_between_keeps_its_place()
    {
        var g = new TestGraph();
        Value middle = g.Add("Flatten", g.Input("x", -1, 2, 3));
        middle.Quantization = Quantization.PerTensor(ElementType.Int8, 0.5f, 0);
        g.Output(g.Add("Reshape", middle, g.Longs(-1, 3, 2)));
        Assert.AreEqual(0, new ReshapeMerging().Apply(g.Build(), PassTesting.Context).Changes);
    }
}
