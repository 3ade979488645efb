using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Tests.Simplify;

[TestClass]
internal sealed class GemmCanonicalizationTests
{
    [TestMethod]
    public void A_product_with_a_constant_matrix_becomes_a_Gemm_that_takes_its_bias()
    {
        var g = new TestGraph();
        Value weight = g.Add("Reshape", g.Random(1, 2, 3, 4), g.Longs(6, 4));
        g.Output(g.Add("Add", g.Add("MatMul", g.Input("x", -1, 6), weight), g.Random(2, 1, 4)));
        Graph graph = g.Build();
        Assert.AreEqual("MatMul Add", new ConstantFolding().Apply(graph, 1));
        Assert.AreEqual("Gemm Add", new GemmCanonicalization().Apply(graph, 1));
        Assert.AreEqual("Gemm", new AffineFolding().Apply(graph, 1));
    }

    [TestMethod]
    public void Factors_orders_and_bias_forms_are_brought_to_one()
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 6), w = g.Random(1, 6, 4);
        g.Output(g.Add("Gemm", [x, w, g.Random(2, 1, 4)], ("alpha", 0.5), ("beta", 2.0)));
        g.Output(g.Add("Gemm", [x, w, g.Scalar(3)], ("alpha", 2.0)));
        g.Output(g.Add("Gemm", x, w));
        Graph graph = g.Build();
        new GemmCanonicalization().Apply(graph, 3);
        Assert.IsTrue(graph.Nodes.All(GemmCanonicalization.IsCanonical));
    }

    [TestMethod]
    public void What_a_dense_layer_does_not_do_itself_is_done_around_it()
    {
        var g = new TestGraph();
        Value x = g.Input("x", 3, 6), w = g.Random(1, 6, 4);
        g.Output(g.Add("Gemm", [x, w, g.Random(2, 3, 1)], ("alpha", 0.5)));
        g.Output(g.Add("Gemm", [g.Input("t", 6, 3), w, g.Input("c", 3, 4)], ("transA", 1), ("beta", 2.0)));
        Graph graph = g.Build();
        Assert.AreEqual("Gemm Add Transpose Gemm Mul Add", new GemmCanonicalization().Apply(graph, 2));
        Assert.IsTrue(graph.Nodes.Where(n => n.Type == "Gemm").All(GemmCanonicalization.IsCanonical));
        Assert.AreEqual("Gemm", graph.Nodes[0].Label);
    }

    [TestMethod]
    public void Products_of_other_ranks_and_computed_matrices_stay()
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 3, 6), y = g.Input("y", 6, 4);
        g.Output(g.Add("MatMul", x, g.Random(1, 6, 4)));
        g.Output(g.Add("MatMul", x, y));
        g.Output(g.Add("Gemm", [g.Random(3, 6, 2), y], ("transA", 1)));
        Assert.AreEqual("MatMul MatMul Gemm", new GemmCanonicalization().Apply(g.Build(), 0));
    }
}
