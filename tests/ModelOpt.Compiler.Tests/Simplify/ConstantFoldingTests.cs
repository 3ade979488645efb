using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Tests.Simplify;

[TestClass]
internal sealed class ConstantFoldingTests
{
    [TestMethod]
    public void What_depends_on_constants_alone_is_computed()
    {
        var g = new TestGraph();
        Value sum = g.Add("Add", g.Add("Tanh", g.Random(1, 3, 4)), g.Scalar(2));
        g.Output(g.Add("Mul", g.Input("x", -1, 3, 4), g.Add("Transpose", [g.Add("Transpose", sum)], ("perm", new[] { 1, 0 }))));
        Assert.AreEqual("Mul", new ConstantFolding().Apply(g.Build(), 4));
    }

    [TestMethod]
    public void A_reshape_to_the_batch_and_the_rest_gets_a_constant_target()
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 3, 4, 4);
        Value batch = g.Add("Gather", [g.Add("Shape", x), g.Longs(0)], ("axis", 0));
        g.Output(g.Add("Reshape", x, g.Add("Concat", [batch, g.Longs(-1)], ("axis", 0))));
        Graph graph = g.Build();
        new ConstantFolding().Apply(graph);
        CollectionAssert.AreEqual(new long[] { 0, -1 }, graph.Nodes[^1].Input(1).Constant!.ToInt64s());
        Assert.AreEqual("Reshape", new DeadNodeRemoval().Apply(graph));
    }

    [TestMethod]
    public void An_output_keeps_its_producer()
    {
        var g = new TestGraph();
        g.Output(g.Add("Relu", g.Input("x", 2)));
        g.Output(g.Add("Tanh", g.Floats(1, 2)));
        Assert.AreEqual("Relu Tanh", new ConstantFolding().Apply(g.Build(), 0));
    }

    [TestMethod]
    public void What_would_make_the_model_large_is_not_computed()
    {
        var g = new TestGraph();
        Value small = g.Floats(1);
        Value[] large = [.. Enumerable.Range(0, 4).Select(_ => g.Add("Pad", small, g.Longs(0, 6_000_000)))];
        Value total = large.Aggregate((a, b) => g.Add("Add", a, b));
        g.Output(g.Add("Add", g.Input("x", 1), g.Add("ReduceMean", [total], ("keepdims", 1))));
        Graph graph = g.Build();
        new ConstantFolding().Apply(graph, PassTesting.Context);
        Assert.IsTrue(graph.Nodes.Any(n => n.Type == "Pad"));
        Assert.IsTrue(graph.Values.Sum(v => (long)(v.Constant?.Bytes.Length ?? 0)) < 100_000_000);
    }
}
