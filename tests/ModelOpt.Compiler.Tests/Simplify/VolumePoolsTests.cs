using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Tests.Simplify;

/// <summary>Values of many forms are <see cref="Operators.MaxPoolTests"/>' and <see cref="Operators.AveragePoolTests"/>' matter.</summary>
[TestClass]
internal sealed class VolumePoolsTests
{
    [TestMethod]
    [DataRow("MaxPool")]
    [DataRow("AveragePool")]
    public void A_pool_becomes_one_along_the_depth_and_one_of_planes(string type)
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 3, 5, 7, 6);
        g.Output(g.Add(
            type, [x], ("kernel_shape", new[] { 3, 3, 2 }), ("strides", new[] { 2, 1, 2 }), ("pads", new[] { 1, 0, 1, 1, 1, 0 })));
        Graph graph = g.Build();
        Assert.AreEqual($"Reshape {type} Reshape {type} Reshape", new VolumePools().Apply(graph, 1));
        // Windows that reach beyond planes find them apart.
        Assert.AreEqual(new Shape(new Dim(-1, "N"), 9, 7, 6), graph.Nodes[3].Input(0).Shape);
    }

    [TestMethod]
    public void Planes_that_are_divided_evenly_lie_one_below_the_other()
    {
        var g = new TestGraph();
        g.Output(g.Add("MaxPool", [g.Input("x", -1, 3, 4, 6, 5)], ("kernel_shape", new[] { 2, 2, 2 }), ("strides", new[] { 2, 2, 2 })));
        Graph graph = g.Build();
        Assert.AreEqual("Reshape MaxPool Reshape MaxPool Reshape", new VolumePools().Apply(graph, 1));
        Assert.AreEqual(new Shape(new Dim(-1, "N"), 3, 12, 5), graph.Nodes[3].Input(0).Shape);
    }

    [TestMethod]
    public void A_window_over_planes_is_one_pool()
    {
        var g = new TestGraph();
        g.Output(g.Add("AveragePool", [g.Input("x", -1, 3, 4, 6, 5)], ("kernel_shape", new[] { 1, 2, 2 })));
        Assert.AreEqual("Reshape AveragePool Reshape", new VolumePools().Apply(g.Build(), 1));
    }

    [TestMethod]
    public void Open_sizes_are_refused()
    {
        var g = new TestGraph();
        g.Output(g.Add("MaxPool", [g.Input("x", 1, 2, -1, 4, 4)], ("kernel_shape", new[] { 2, 2, 2 })));
        Graph graph = g.Build();
        Assert.AreEqual(0, new VolumePools().Apply(graph, PassTesting.Context).Changes);
        Assert.AreEqual("MOPT2008", Lowering.Refusals(graph).Single().Descriptor.Code);
    }
}
