using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Tests.Simplify;

[TestClass]
internal sealed class PadFoldingTests
{
    [TestMethod]
    public void Zeros_become_padding_of_a_convolution()
    {
        var g = new TestGraph();
        Value y = g.Add("Pad", g.Input("x", -1, 3, 6, 6), g.Longs(0, 0, 0, 1, 0, 0, 2, 1));
        g.Output(g.Add("Conv", [y, g.Random(1, 4, 3, 3, 3)], ("pads", new[] { 1, 0, 0, 1 })));
        Graph graph = g.Build();
        Assert.AreEqual("Conv", Both(graph));
        CollectionAssert.AreEqual(new long[] { 1, 1, 2, 2 }, graph.Nodes[0].Ints("pads"));
    }

    [TestMethod]
    public void Zeros_before_an_average_are_counted()
    {
        var g = new TestGraph();
        Value y = g.Add("Pad", g.Input("x", -1, 3, 6, 6), g.Longs(0, 0, 1, 1, 0, 0, 1, 1));
        g.Output(g.Add("AveragePool", [y], ("kernel_shape", new[] { 3, 3 })));
        Assert.AreEqual("AveragePool", Both(g.Build()));
    }

    [TestMethod]
    public void Padding_as_wide_as_the_pooling_window_stays()
    {
        var g = new TestGraph();
        Value y = g.Add("Pad", g.Input("x", -1, 3, 6, 6), g.Longs(0, 0, 2, 2, 0, 0, 2, 2));
        g.Output(g.Add("AveragePool", [y], ("kernel_shape", new[] { 2, 2 })));
        Assert.AreEqual("Pad AveragePool", Both(g.Build()));
    }

    [TestMethod]
    [DataRow(float.NegativeInfinity)]
    [DataRow(float.MinValue)]
    public void The_lowest_number_becomes_padding_of_a_maximum(float lowest)
    {
        var g = new TestGraph();
        Value y = g.Add("Pad", g.Input("x", -1, 3, 6, 6), g.Longs(0, 0, 1, 0, 0, 0, 0, 1), g.Scalar(lowest));
        g.Output(g.Add("MaxPool", [y], ("kernel_shape", new[] { 3, 3 }), ("pads", new[] { 0, 1, 0, 0 })));
        Graph graph = g.Build();
        Tensor x = TestGraph.RandomTensor(1, 1, 3, 6, 6), before = new Interpreter(graph).Run(x)[0];
        Assert.AreEqual("MaxPool", Both(graph));
        CollectionAssert.AreEqual(new long[] { 1, 1, 0, 1 }, graph.Nodes[0].Ints("pads"));
        CollectionAssert.AreEqual(before.Span<float>().ToArray(), new Interpreter(graph).Run(x)[0].Span<float>().ToArray());
    }

    [TestMethod]
    public void Padding_of_a_maximum_that_may_win_or_that_moves_windows_stays()
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 3, 6, 6), pads = g.Longs(0, 0, 1, 1, 0, 0, 1, 1), lowest = g.Scalar(float.MinValue);
        g.Output(g.Add("MaxPool", [g.Add("Pad", x, pads, g.Scalar(-1e9f))], ("kernel_shape", new[] { 2, 2 })));
        g.Output(g.Add("MaxPool", [g.Add("Pad", x, pads, lowest)], ("kernel_shape", new[] { 3, 3 }), ("strides", new[] { 2, 2 }),
            ("ceil_mode", 1)));
        g.Output(g.Add("MaxPool", [g.Add("Pad", x, pads, lowest)], ("kernel_shape", new[] { 2, 2 }), ("dilations", new[] { 2, 2 })));
        g.Output(g.Add("MaxPool", [g.Add("Pad", x, pads, lowest)], ("kernel_shape", new[] { 1, 1 })));
        Assert.AreEqual("Pad MaxPool Pad MaxPool Pad MaxPool Pad MaxPool", Both(g.Build()));
    }

    [TestMethod]
    public void Other_padding_stays()
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 3, 6, 6), pads = g.Longs(0, 0, 1, 1, 0, 0, 1, 1), w = g.Random(1, 4, 3, 3, 3);
        g.Output(g.Add("Conv", g.Add("Pad", [x, pads], ("mode", "edge")), w));
        g.Output(g.Add("Conv", g.Add("Pad", x, pads, g.Scalar(1)), w));
        g.Output(g.Add("Conv", g.Add("Pad", x, g.Longs(0, 1, 0, 0, 0, 0, 0, 0)), g.Random(1, 4, 4, 3, 3)));
        g.Output(g.Add("MaxPool", [g.Add("Pad", x, pads)], ("kernel_shape", new[] { 2, 2 })));
        Assert.AreEqual("Pad Conv Pad Conv Pad Conv Pad MaxPool", Both(g.Build()));
    }

    private static string Both(Graph graph)
    {
        new PadFolding().Apply(graph);
        return new DeadNodeRemoval().Apply(graph);
    }
}
