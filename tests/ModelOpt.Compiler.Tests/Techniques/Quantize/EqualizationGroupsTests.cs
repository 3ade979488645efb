using ModelOpt.Compiler.Techniques.Quantize;

namespace ModelOpt.Compiler.Tests.Techniques.Quantize;

[TestClass]
internal sealed class EqualizationGroupsTests
{
    [TestMethod]
    [DataRow("Relu", 1)]
    [DataRow("LeakyRelu", 1)]
    [DataRow("GlobalAveragePool", 1)]
    [DataRow("Sigmoid", 0)]
    [DataRow("HardSwish", 0)]
    public void Only_what_passes_a_factor_on_lies_between(string type, int groups)
    {
        var g = new TestGraph();
        g.Output(Layer(g, g.Add(type, Layer(g, g.Input("x", -1, 4, 6, 6)))));
        Assert.HasCount(groups, EqualizationGroups.Find(g.Build()));
    }

    [TestMethod]
    public void A_Relu6_blocks()
    {
        var g = new TestGraph();
        g.Output(Layer(g, g.Add("Clip", Layer(g, g.Input("x", -1, 4, 6, 6)), g.Scalar(0), g.Scalar(6))));
        Assert.IsEmpty(EqualizationGroups.Find(g.Build()));
    }

    [TestMethod]
    public void A_Concat_blocks()
    {
        var g = new TestGraph();
        Value a = Layer(g, g.Input("x", -1, 4, 6, 6));
        g.Output(Layer(g, a));
        g.Output(g.Add("Concat", [a, a], ("axis", 1)));
        Assert.IsEmpty(EqualizationGroups.Find(g.Build()));
    }

    [TestMethod]
    public void A_graph_output_blocks()
    {
        var g = new TestGraph();
        Value a = g.Output(g.Add("Relu", Layer(g, g.Input("x", -1, 4, 6, 6))));
        g.Output(Layer(g, a));
        Assert.IsEmpty(EqualizationGroups.Find(g.Build()));
    }

    [TestMethod]
    public void A_residual_Add_joins_both_sides()
    {
        var g = new TestGraph();
        Value a = g.Add("Relu", Layer(g, g.Input("x", -1, 4, 6, 6)));
        Value b = Layer(g, a);
        g.Output(Layer(g, g.Add("Add", a, b)));
        Graph graph = g.Build();
        EqualizationGroup group = EqualizationGroups.Find(graph).Single();
        Node[] layers = [.. graph.Nodes.Where(n => n.Type == "Conv")];
        CollectionAssert.AreEqual(layers[..2], group.Writers);
        CollectionAssert.AreEqual(layers[1..], group.Readers);
        Assert.HasCount(4, group.Values);
    }

    [TestMethod]
    public void An_Add_passes_channels_on_unless_it_spreads_one_over_all()
    {
        var g = new TestGraph();
        Value a = Layer(g, g.Input("x", -1, 4, 6, 6));
        Value b = Layer(g, g.Add("Add", a, g.Add("GlobalAveragePool", a)));
        g.Output(Layer(g, g.Add("Add", b, g.Add("ReduceMean", [b], ("axes", new[] { 1 })))));
        EqualizationGroup group = EqualizationGroups.Find(g.Build()).Single();
        Assert.HasCount(3, group.Values);
        Assert.Contains(a, group.Values);
    }

    [TestMethod]
    public void A_depthwise_layer_ends_one_group_and_begins_the_next()
    {
        var g = new TestGraph();
        Value a = Layer(g, g.Input("x", -1, 4, 6, 6));
        Value b = g.Add("Conv", [a, g.Random(2, 4, 1, 3, 3)], ("group", 4));
        g.Output(Layer(g, b));
        Graph graph = g.Build();
        List<EqualizationGroup> groups = EqualizationGroups.Find(graph);
        Assert.HasCount(2, groups);
        Assert.AreSame(graph.Nodes[1], groups[0].Readers.Single());
        Assert.AreSame(graph.Nodes[1], groups[1].Writers.Single());
    }

    [TestMethod]
    public void A_weight_that_two_layers_share_blocks()
    {
        var g = new TestGraph();
        Value w = g.Random(1, 4, 4, 1, 1);
        g.Output(g.Add("Conv", g.Add("Conv", g.Input("x", -1, 4, 6, 6), w), w));
        Assert.IsEmpty(EqualizationGroups.Find(g.Build()));
    }

    private static Value Layer(TestGraph g, Value x) => g.Add("Conv", x, g.Random(1, 4, 4, 1, 1), g.Random(2, 4));
}
