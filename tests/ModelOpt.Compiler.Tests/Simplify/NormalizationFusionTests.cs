using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Tests.Simplify;

[TestClass]
internal sealed class NormalizationFusionTests
{
    [TestMethod]
    [DataRow("pow")]
    [DataRow("product")]
    [DataRow("reciprocal")]
    [DataRow("gathered")]
    public void The_forms_that_exporters_write_become_one_node(string form)
    {
        Graph graph = Normalized(form, [2, 3, 8], -1);
        Assert.AreEqual("LayerNormalization", Fused(graph));
    }

    [TestMethod]
    public void All_axes_behind_the_channels_are_those_of_an_instance() =>
        Assert.AreEqual("InstanceNormalization", Fused(Normalized("pow", [2, 3, 4, 5], 2, 3)));

    [TestMethod]
    public void An_axis_in_front_of_others_is_brought_to_the_end() =>
        Assert.AreEqual("Transpose LayerNormalization Transpose Mul Add", Fused(Normalized("pow", [2, 8, 4, 5], 1)));

    [TestMethod]
    public void Another_variance_is_not_one()
    {
        var g = new TestGraph();
        Value x = g.Input("x", 2, 3, 8), mean = g.Add("ReduceMean", x, g.Longs(-1)), centred = g.Add("Sub", x, mean);
        Value square = g.Add("Mul", x, x), variance = g.Add("ReduceMean", square, g.Longs(-1));
        g.Output(g.Add("Div", centred, g.Add("Sqrt", g.Add("Add", variance, g.Scalar(1e-5f)))));
        new NormalizationFusion().Apply(g.Build(), 0);
    }

    [TestMethod]
    public void What_is_rounded_in_between_stays()
    {
        Graph graph = Normalized("pow", [2, 3, 8], -1);
        graph.Nodes.Single(n => n.Type == "Sqrt").Output.Quantization = Quantization.PerTensor(ElementType.Int8, 0.1f, 0);
        Assert.AreEqual(0, new NormalizationFusion().Apply(graph, PassTesting.Context).Changes);
    }

    private static string Fused(Graph graph)
    {
        new NormalizationFusion().Apply(graph, 1);
        new DeadNodeRemoval().Apply(graph);
        new NormalizationAffine().Apply(graph);
        return new DeadNodeRemoval().Apply(graph);
    }

    private static Graph Normalized(string form, int[] dims, params long[] axes)
    {
        var g = new TestGraph();
        bool IsParameter(int i) => axes.Length == 1 ? axes.Contains(i) || axes.Contains(i - dims.Length) : i == 1;
        int[] parameter = [.. dims.Select((d, i) => IsParameter(i) ? d : 1)];
        Value x = g.Input("x", Array.ConvertAll(dims, d => (long)d)), scale = g.Random(1, parameter), shift = g.Random(2, parameter);
        Value mean = g.Add("ReduceMean", x, g.Longs(axes)), centred = g.Add("Sub", x, mean);
        Value square = form == "pow" ? g.Add("Pow", g.Add("Sub", x, mean), g.Scalar(2)) : g.Add("Mul", centred, centred);
        Value deviation = g.Add("Sqrt", g.Add("Add", g.Add("ReduceMean", square, g.Longs(axes)), g.Scalar(1e-3f)));
        Value inverse = g.Add("Div", g.Scalar(1), deviation), gain = g.Add("Mul", inverse, scale);
        g.Output(form switch
        {
            "gathered" => g.Add("Add", g.Add("Mul", x, gain), g.Add("Sub", shift, g.Add("Mul", mean, gain))),
            "reciprocal" => g.Add("Add", g.Add("Mul", g.Add("Mul", centred, inverse), scale), shift),
            _ => g.Add("Add", g.Add("Mul", g.Add("Div", centred, deviation), scale), shift),
        });
        return g.Build();
    }
}
