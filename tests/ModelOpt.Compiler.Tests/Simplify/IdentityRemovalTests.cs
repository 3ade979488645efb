using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Tests.Simplify;

[TestClass]
internal sealed class IdentityRemovalTests
{
    [TestMethod]
    public void Nodes_that_change_nothing_go()
    {
        var g = new TestGraph();
        Value v = g.Add("Relu", g.Input("x", -1, 3, 4));
        v = g.Add("Dropout", g.Add("Identity", v));
        v = g.Add("Cast", [v], ("to", 1));
        v = g.Add("Reshape", v, g.Longs(-1, 3, 4));
        v = g.Add("Transpose", [v], ("perm", new[] { 0, 1, 2 }));
        v = g.Add("Pad", v, g.Longs(0, 0, 0, 0, 0, 0));
        g.Output(g.Add("Concat", [v], ("axis", 1)));
        Assert.AreEqual("Relu", new IdentityRemoval().Apply(g.Build(), 7));
    }

    [TestMethod]
    public void Nodes_that_change_something_stay()
    {
        var g = new TestGraph();
        Value x = g.Input("x", 4, 4);
        g.Output(g.Add("Transpose", [x], ("perm", new[] { 1, 0 })));
        g.Output(g.Add("Slice", x, g.Longs(-1), g.Longs(-5), g.Longs(0), g.Longs(-1)));
        g.Output(g.Add("Pad", x, g.Longs(1, 0, 0, 0)));
        g.Output(g.Add("Reshape", x, g.Longs(2, 8)));
        Assert.AreEqual("Transpose Slice Pad Reshape", new IdentityRemoval().Apply(g.Build(), 0));
    }

    [TestMethod]
    public void A_Pad_that_puts_an_element_in_the_place_of_another_stays()
    {
        var g = new TestGraph();
        Value relu = g.Add("Relu", g.Input("x", 3, 1));
        g.Output(g.Add("Relu", g.Add("Pad", relu, g.Longs(0, -1, 0, 1))));
        Assert.AreEqual("Relu Pad Relu", new IdentityRemoval().Apply(g.Build(), 0));
    }

    [TestMethod]
    public void Between_an_input_and_an_output_the_node_stays()
    {
        var g = new TestGraph();
        g.Output(g.Add("Identity", g.Input("x", 2)));
        Assert.AreEqual("Identity", new IdentityRemoval().Apply(g.Build(), 0));
    }

    [TestMethod]
    public void A_node_whose_output_is_rounded_stays()
    {
        var g = new TestGraph();
        Value y = g.Add("Identity", g.Add("Relu", g.Input("x", 2)));
        y.Quantization = Quantization.PerTensor(ElementType.Int8, 0.5f, 0);
        g.Output(g.Add("Tanh", y));
        Graph graph = g.Build();
        Assert.AreEqual(0, new IdentityRemoval().Apply(graph, PassTesting.Context).Changes);
    }
}
