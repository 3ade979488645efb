using ModelOpt.Compiler.Techniques.Quantize;

namespace ModelOpt.Compiler.Tests.Techniques.Quantize;

[TestClass]
internal sealed class FloatSourcesTests
{
    [TestMethod]
    public void Movers_of_what_float_nodes_read_too_move_it_in_float()
    {
        var g = new TestGraph();
        Value x = g.Add("Floor", g.Input("x", 1, 3, 8)), rows = g.Add("Reshape", x, g.Longs(3, 8));
        g.Output(g.Add("Gemm", rows, g.Random(1, 8, 8)));
        g.Output(g.Add("Exp", x));
        Graph graph = g.Build();
        Assert.AreSame(rows.Producer, FloatSources.Find(graph, graph.Scheme()).Single());
    }

    [TestMethod]
    public void Movers_of_what_int8_nodes_alone_read_move_integers()
    {
        var g = new TestGraph();
        Value x = g.Add("Floor", g.Input("x", 1, 3, 8)), y = g.Add("Floor", g.Input("y", 1, 3, 8));
        foreach (Value value in new[] { x, y }) g.Output(g.Add("Gemm", g.Add("Reshape", value, g.Longs(3, 8)), g.Random(1, 8, 8)));
        g.Output(g.Add("Exp", y));
        g.Output(g.Add("Add", y, y));
        Graph graph = g.Build();
        Assert.IsEmpty(FloatSources.Find(graph, graph.Scheme()));
    }
}
