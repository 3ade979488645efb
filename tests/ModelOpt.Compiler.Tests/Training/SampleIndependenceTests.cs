using ModelOpt.Compiler.Training;

namespace ModelOpt.Compiler.Tests.Training;

[TestClass]
internal sealed class SampleIndependenceTests
{
    [TestMethod]
    public void Samples_stay_apart_where_every_node_keeps_axis_0()
    {
        AssertApart(true, (g, x) => g.Add("Conv", x, g.Random(1, 4, 3, 3, 3)));
        AssertApart(true, (g, x) => g.Add("Softmax", [x], ("axis", 1)));
        AssertApart(true, (g, x) => g.Add("Reshape", x, g.Longs(-1, 48)));
        AssertApart(true, (g, x) => g.Add("Transpose", [x], ("perm", new[] { 0, 3, 1, 2 })));
        AssertApart(true, (g, x) => g.Add("MatMul", x, x));
        AssertApart(true, (g, x) => g.Add("Concat", [x, x], ("axis", 2)));
        AssertApart(true, (g, x) => g.Add("Slice", x, g.Longs(1), g.Longs(3), g.Longs(2)));
        AssertApart(true, (g, x) => g.Add("Gather", [g.Random(1, 9, 5), g.Add("Cast", [x], ("to", 7))], ("axis", 0)));
        AssertApart(true, (g, x) => g.Add("ReduceMax", x, g.Longs(1, -1)));
    }

    [TestMethod]
    public void Samples_do_not_stay_apart_where_a_node_mixes_or_moves_axis_0()
    {
        AssertApart(false, (g, x) => g.Add("Softmax", [x], ("axis", 0)));
        AssertApart(false, (g, x) => g.Add("Transpose", [x], ("perm", new[] { 1, 0, 2, 3 })));
        AssertApart(false, (g, x) => g.Add("Add", x, g.Add("ReduceMean", x, g.Longs(0))));
        AssertApart(false, (g, x) => g.Add("Concat", [x, x], ("axis", 0)));
        AssertApart(false, (g, x) => g.Add("Reshape", g.Add("Transpose", [x], ("perm", new[] { 1, 0, 2, 3 })), g.Longs(-1, 48)));
    }

    private static void AssertApart(bool expected, Func<TestGraph, Value, Value> add)
    {
        var g = new TestGraph();
        g.Output(add(g, g.Input("x", -1, 3, 4, 4)));
        Graph graph = g.Build();
        Assert.AreEqual(expected, SampleIndependence.Of(graph, graph.Nodes), string.Join(' ', graph.Nodes.Select(n => n.Type)));
    }
}
