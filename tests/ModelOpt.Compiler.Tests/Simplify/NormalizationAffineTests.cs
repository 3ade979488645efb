using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Tests.Simplify;

[TestClass]
internal sealed class NormalizationAffineTests
{
    [TestMethod]
    public void A_factor_and_a_summand_become_scale_and_shift()
    {
        var g = new TestGraph();
        Value y = g.Add("LayerNormalization", g.Input("x", -1, 3, 8), g.Random(1, 8), g.Random(2, 8));
        g.Output(g.Add("Add", g.Random(3, 1, 8), g.Add("Mul", y, g.Random(4, 8))));
        Assert.AreEqual("LayerNormalization", new NormalizationAffine().Apply(g.Build(), 2));
    }

    [TestMethod]
    public void A_summand_behind_a_normalization_without_shift_is_its_shift()
    {
        var g = new TestGraph();
        Value y = g.Add("LayerNormalization", [g.Input("x", 2, 3, 8), g.Random(1, 3, 8)], ("axis", 1));
        g.Output(g.Add("Add", y, g.Random(2, 3, 1)));
        Graph graph = g.Build();
        Assert.AreEqual("LayerNormalization", new NormalizationAffine().Apply(graph, 1));
        Assert.AreEqual(new Shape(3, 8), graph.Nodes[0].Input(2).Shape);
    }

    [TestMethod]
    public void A_factor_a_channel_is_an_instances_scale()
    {
        Graph graph = Instance("Mul", 3, 1, 1);
        Assert.AreEqual("InstanceNormalization", new NormalizationAffine().Apply(graph, 1));
    }

    [TestMethod]
    [DataRow(4, 5)]
    [DataRow(3, 4, 1)]
    [DataRow(2, 3, 1, 1)]
    public void What_differs_along_other_axes_stays(params int[] dims) =>
        Assert.AreEqual("InstanceNormalization Add", new NormalizationAffine().Apply(Instance("Add", dims), 0));

    [TestMethod]
    public void A_result_that_is_read_elsewhere_stays()
    {
        var g = new TestGraph();
        Value y = g.Output(g.Add("LayerNormalization", g.Input("x", 2, 8), g.Random(1, 8), g.Random(2, 8)));
        g.Output(g.Add("Mul", y, g.Random(3, 8)));
        Assert.AreEqual("LayerNormalization Mul", new NormalizationAffine().Apply(g.Build(), 0));
    }

    [TestMethod]
    public void What_is_rounded_in_between_stays()
    {
        Graph graph = Instance("Mul", 3, 1, 1);
        graph.Nodes[0].Output.Quantization = Quantization.PerTensor(ElementType.Int8, 0.1f, 0);
        Assert.AreEqual(0, new NormalizationAffine().Apply(graph, PassTesting.Context).Changes);
    }

    private static Graph Instance(string type, params int[] dims)
    {
        var g = new TestGraph();
        Value y = g.Add("InstanceNormalization", g.Input("x", 2, 3, 4, 5), g.Random(1, 3), g.Random(2, 3));
        g.Output(g.Add(type, y, g.Random(3, dims)));
        return g.Build();
    }
}
