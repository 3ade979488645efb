namespace ModelOpt.Compiler.Tests.Operators.Reduction;

[TestClass]
internal sealed class ReduceSumTests
{
    [TestMethod]
    public void Results_agree_with_peers() => ReduceCases.AssertAgree("ReduceSum");

    [TestMethod]
    public void Both_forms_agree_with_ONNX_Runtime()
    {
        Tensor x = Random(new Random(1), ElementType.Int64, 2, 3, 4);
        Node("ReduceSum", [x]).AssertAgrees();
        Node("ReduceSum", [x, Tensor.Vector(1L, -1L)], 1, ("keepdims", 0L)).AssertAgrees();
        Node("ReduceSum", [x, Tensor.Vector(ReadOnlySpan<long>.Empty)], 1, ("noop_with_empty_axes", 1L)).AssertAgrees();
        Node("ReduceSum", [x], 1, ("axes", new long[] { 1 })).AssertAgrees(opset: 11);
    }

    [TestMethod]
    public void Sums_of_large_integers_are_exact()
    {
        Tensor x = Tensor.Vector(1UL << 62, 3UL, (1UL << 62) + 4UL, 1UL << 63);
        CollectionAssert.AreEqual(new[] { 7UL }, Node("ReduceSum", [x], 1, ("keepdims", 0L)).Run()[0].Span<ulong>().ToArray());
        Tensor y = Tensor.Vector((1L << 60) + 1, -3L);
        CollectionAssert.AreEqual(new[] { (1L << 60) - 2 }, Node("ReduceSum", [y], 1, ("keepdims", 0L)).Run()[0].Span<long>().ToArray());
    }

    [TestMethod]
    public void Open_sizes_are_followed() =>
        Assert.AreEqual(new Shape(N, 1), Node("ReduceSum", [Floats(N, 3), Tensor.Vector(1L)]).Infer().Shape);

    [TestMethod]
    public void Integers_are_summed_when_lowered()
    {
        var graph = new TestGraph();
        graph.Output(graph.Add("ReduceSum", graph.Input("x", ElementType.Int32, 2, 3, 4), graph.Longs(0, 2)));
        Assert.AreEqual("SUM", graph.AssertLowers());
    }
}
