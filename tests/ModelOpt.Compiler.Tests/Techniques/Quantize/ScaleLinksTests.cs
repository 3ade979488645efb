using ModelOpt.Compiler.Techniques.Quantize;

namespace ModelOpt.Compiler.Tests.Techniques.Quantize;

[TestClass]
internal sealed class ScaleLinksTests
{
    [TestMethod]
    public void Channels_are_followed_through_Concat_and_Split()
    {
        var g = new TestGraph();
        Value a = Layer(g, 1, g.Input("x", -1, 4, 6, 6), 4, 4), b = Layer(g, 2, g.Add("HardSwish", a), 4, 4);
        Value joined = g.Add("Concat", [g.Add("HardSwish", a), b], ("axis", 1));
        Node split = g.Node("Split", [joined, g.Longs(2, 6)], 2, ("axis", 1));
        g.Output(Layer(g, 3, split.Outputs[0]!, 2, 2));
        g.Output(Layer(g, 4, split.Outputs[1]!, 6, 2));
        Graph graph = g.Build();
        ScaleLinks links = new(graph);
        Assert.AreEqual(links.Unit(a, 1), links.Unit(split.Outputs[0]!, 1));
        Assert.AreEqual(links.Unit(a, 3), links.Unit(split.Outputs[1]!, 1));
        Assert.AreEqual(links.Unit(b, 0), links.Unit(split.Outputs[1]!, 2));
        Assert.IsFalse(links.IsBlocked(links.Unit(a, 0)));
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    public void A_shuffle_changes_the_order_of_channels(int batch)
    {
        var g = new TestGraph();
        Value a = g.Add("HardSwish", Layer(g, 1, g.Input("x", batch, 4, 3, 3), 4, 6));
        Value apart = g.Add("Reshape", a, g.Longs(batch, 2, 3, 3, 3));
        Value turned = g.Add("Transpose", [apart], ("perm", new[] { 0, 2, 1, 3, 4 }));
        Value shuffled = g.Add("Reshape", turned, g.Longs(batch, 6, 3, 3));
        g.Output(Layer(g, 2, shuffled, 6, 2));
        Graph graph = g.Build();
        ScaleLinks links = new(graph);
        int[] from = [0, 3, 1, 4, 2, 5];
        for (int c = 0; c < 6; c++) Assert.AreEqual(links.Unit(a, from[c]), links.Unit(shuffled, c));
        Assert.IsFalse(links.IsBlocked(links.Unit(shuffled, 0)));
    }

    [TestMethod]
    public void A_product_with_the_gate_of_another_branch_takes_the_factor_of_the_layer()
    {
        var g = new TestGraph();
        Value y = g.Add("HardSwish", Layer(g, 1, g.Input("x", -1, 4, 6, 6), 4, 4));
        Value gate = g.Add("Sigmoid", Layer(g, 2, g.Add("GlobalAveragePool", y), 4, 4));
        Value product = g.Add("Mul", y, gate);
        g.Output(Layer(g, 3, product, 4, 2));
        Graph graph = g.Build();
        ScaleLinks links = new(graph);
        Assert.AreEqual(links.Unit(y, 2), links.Unit(product, 2));
        Assert.IsFalse(links.IsBlocked(links.Unit(product, 2)));
        Assert.IsTrue(links.IsBlocked(links.Unit(gate, 2)));
    }

    [TestMethod]
    public void Outputs_and_other_functions_block()
    {
        var g = new TestGraph();
        Value a = g.Add("HardSwish", Layer(g, 1, g.Input("x", -1, 4, 6, 6), 4, 4)), b = Layer(g, 2, a, 4, 4);
        g.Output(Layer(g, 3, g.Add("Tanh", b), 4, 2));
        g.Output(a);
        Graph graph = g.Build();
        ScaleLinks links = new(graph);
        Assert.IsTrue(links.IsBlocked(links.Unit(a, 0)));
        Assert.IsTrue(links.IsBlocked(links.Unit(b, 0)));
    }

    private static Value Layer(TestGraph g, int seed, Value x, int inputs, int outputs) =>
        g.Add("Conv", x, g.Random(seed, outputs, inputs, 1, 1));
}
