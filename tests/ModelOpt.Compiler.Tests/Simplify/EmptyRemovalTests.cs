using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Tests.Simplify;

[TestClass]
internal sealed class EmptyRemovalTests
{
    [TestMethod]
    public void Operands_without_elements_are_dropped_from_a_Concat()
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 6), none = g.Add("Slice", x, g.Longs(3), g.Longs(3), g.Longs(1));
        g.Output(g.Add("Concat", [none, x, none, x], ("axis", 1)));
        Graph graph = g.Build();
        Assert.AreEqual("Slice Concat", new EmptyRemoval().Apply(graph, 1));
        Assert.HasCount(2, graph.Nodes[1].Inputs);
    }

    [TestMethod]
    public void What_is_empty_whatever_it_is_made_of_is_a_constant()
    {
        var g = new TestGraph();
        Value x = g.Input("x", 2, 6), none = g.Add("Slice", x, g.Longs(3), g.Longs(3), g.Longs(1));
        g.Output(g.Add("Add", g.Add("ReduceSum", g.Add("Relu", none), g.Longs(1)), x));
        Assert.AreEqual("ReduceSum Add", new EmptyRemoval().Apply(g.Build(), 2));
    }

    [TestMethod]
    public void An_output_without_elements_is_written_and_run()
    {
        var g = new TestGraph();
        Value x = g.Input("x", 2, 6);
        g.Output(g.Add("Slice", x, g.Longs(3), g.Longs(3), g.Longs(1)));
        g.Output(g.Add("Relu", x));
        Graph graph = g.Build();
        Assert.AreEqual("Slice Relu", new EmptyRemoval().Apply(graph, 0));
        Assert.AreEqual(new Shape(2, 0), TfliteRunner.Run(Lowering.Write(graph), TestGraph.RandomTensor(1, 2, 6))[0].Shape);
    }
}
