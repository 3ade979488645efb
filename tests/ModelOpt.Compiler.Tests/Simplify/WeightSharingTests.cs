using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Tests.Simplify;

[TestClass]
internal sealed class WeightSharingTests
{
    [TestMethod]
    public void Layers_of_equal_weights_share_one()
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 6), z = g.Input("z", -1, 6);
        foreach (Value side in (Value[])[x, z])
            g.Output(g.Add("Gemm", [side, g.Random(1, 4, 6), g.Random(side == x ? 2 : 3, 4)], ("transB", 1)));
        g.Output(g.Add("Gemm", [x, g.Random(4, 4, 6)], ("transB", 1)));
        Graph graph = g.Build();
        new WeightSharing().Apply(graph, 1);
        Assert.AreSame(graph.Nodes[0].Input(1), graph.Nodes[1].Input(1));
        Assert.AreNotSame(graph.Nodes[0].Input(2), graph.Nodes[1].Input(2));
        Assert.AreNotSame(graph.Nodes[0].Input(1), graph.Nodes[2].Input(1));
    }

    [TestMethod]
    public void What_does_not_only_multiply_by_a_weight_has_one_of_its_own()
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 4), w = g.Random(1, 4, 4);
        g.Output(g.Add("Gemm", [x, w], ("transB", 1)));
        g.Output(g.Add("Gemm", [g.Add("Relu", x), w], ("transB", 1)));
        g.Output(g.Add("Gemm", [x, w], ("alpha", 2.0)));
        g.Output(g.Add("Relu", w));
        Graph graph = g.Build();
        new WeightSharing().Apply(graph, 2);
        Value[] weights = [.. graph.Nodes.Where(n => n.Type == "Gemm").Select(n => n.Input(1))];
        Assert.AreSame(weights[0], weights[1]);
        Assert.HasCount(3, new[] { weights[0], weights[2], w }.Distinct());
        Assert.AreSame(w, graph.Nodes[^1].Input(0));
    }

    [TestMethod]
    public void Layers_of_which_a_rule_asks_something_else_have_a_weight_of_their_own()
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 4), w = g.Random(1, 4, 4);
        g.Output(g.Add("Gemm", [x, w], ("transB", 1)));
        g.Output(g.Add("Gemm", [g.Add("Relu", x), w], ("transB", 1)));
        Graph graph = g.Build();
        var recipe = new Recipe { Layers = [new LayerRule("Gemm_1", QuantizationMode.None)] };
        Assert.AreEqual(1, new WeightSharing().Apply(graph, new PassContext(new CompileOptions(), recipe, new DiagnosticList())).Changes);
        Assert.AreEqual(1, w.Consumers.Count);
    }
}
