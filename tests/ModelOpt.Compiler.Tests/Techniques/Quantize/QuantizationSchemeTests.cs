using ModelOpt.Compiler.Techniques.Quantize;

namespace ModelOpt.Compiler.Tests.Techniques.Quantize;

[TestClass]
internal sealed class QuantizationSchemeTests
{
    [TestMethod]
    public void What_movers_read_and_write_is_one_group()
    {
        var g = new TestGraph();
        Value conv = g.Add("Conv", g.Input("x", -1, 2, 6, 6), g.Random(1, 4, 2, 3, 3));
        Value pool = g.Add("MaxPool", [conv], ("kernel_shape", new[] { 2, 2 }));
        Value turned = g.Output(g.Add("Transpose", [pool], ("perm", new[] { 0, 2, 3, 1 })));
        QuantizationScheme scheme = g.Build().Scheme();
        Assert.AreEqual("Conv MaxPool Transpose", string.Join(' ', scheme.Nodes.Select(n => n.Type)));
        Assert.AreEqual("x | Conv_out MaxPool_out Transpose_out", Groups(scheme));
        Assert.AreSame(turned, scheme.Activations[^1]);
    }

    [TestMethod]
    public void Concat_shares_one_scale_among_all_inputs()
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 2, 6, 6);
        Value a = g.Add("Conv", x, g.Random(1, 4, 2, 1, 1)), b = g.Add("Relu", g.Add("Conv", x, g.Random(2, 3, 2, 1, 1)));
        g.Output(g.Add("Concat", [a, b, x], ("axis", 1)));
        QuantizationScheme scheme = g.Build().Scheme();
        Assert.AreEqual("x Conv_out Relu_out Concat_out", Groups(scheme));
    }

    [TestMethod]
    public void Movers_alone_are_not_quantized()
    {
        var g = new TestGraph();
        Value pool = g.Add("MaxPool", [g.Input("x", -1, 2, 6, 6)], ("kernel_shape", new[] { 2, 2 }));
        g.Output(g.Add("Flatten", pool));
        QuantizationScheme scheme = g.Build().Scheme();
        Assert.IsEmpty(scheme.Nodes);
        Assert.IsEmpty(scheme.Activations);
        Assert.IsEmpty(scheme.Reasons);
    }

    [TestMethod]
    public void An_excluded_node_stays_in_float_and_says_why()
    {
        var g = new TestGraph();
        Value a = g.Add("Conv", g.Input("x", -1, 2, 6, 6), g.Random(1, 4, 2, 1, 1));
        Value b = g.Add("Conv", a, g.Random(2, 4, 4, 1, 1));
        g.Output(g.Add("Conv", b, g.Random(3, 4, 4, 1, 1)));
        Graph graph = g.Build();
        QuantizationScheme scheme = QuantizationScheme.Of(graph, n => n == graph.Nodes[2] ? "because" : null);
        CollectionAssert.AreEqual(graph.Nodes.Take(2).ToArray(), scheme.Nodes);
        Assert.AreEqual("x | Conv_out | Conv_1_out", Groups(scheme));
        Assert.AreEqual((graph.Nodes[2], "because"), (scheme.Reasons.Single().Key, scheme.Reasons.Single().Value));
    }

    [TestMethod]
    public void Nodes_without_an_int8_form_give_their_reason()
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 4, 6, 6);
        Value conv = g.Add("Conv", x, g.Random(1, 4, 4, 1, 1));
        Value bias = g.Add("ReduceMean", [x, g.Longs(0, 2, 3)], ("keepdims", 0));
        g.Output(g.Add("Conv", g.Add("HardSigmoid", conv), g.Random(2, 4, 4, 1, 1), bias));
        QuantizationScheme scheme = g.Build().Scheme();
        Assert.AreEqual(
            "HardSigmoid: HardSigmoid has no int8 form; Conv_1: its bias is computed at run time",
            string.Join("; ", scheme.Reasons.Select(r => $"{r.Key.Label}: {r.Value}")));
    }

    private static string Groups(QuantizationScheme scheme) =>
        string.Join(" | ", scheme.Groups.Select(g => string.Join(' ', g.Select(v => v.Name))));
}
