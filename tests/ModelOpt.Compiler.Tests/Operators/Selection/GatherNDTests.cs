using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Selection;

/// <summary>Gradients are <see cref="GradientTests"/>' matter.</summary>
[TestClass]
internal sealed class GatherNDTests
{
    private readonly Random _random = new(8);

    [TestMethod]
    public void Slices_agree_with_peers()
    {
        Tensor pairs = Tensor.Of<long>([3, 2], [0, 1, 1, -1, 1, 0]), batch = Tensor.Of<long>([2, 2, 1], [0, 2, -1, 1]);
        foreach (int fed in (int[])[1, 2])
        {
            Node("GatherND", [X(2, 3, 4), pairs]).AssertAgreesWithPeers(fed);
            Node("GatherND", [X(2, 3, 4), batch], 1, ("batch_dims", 1L)).AssertAgreesWithPeers(fed);
        }
    }

    [TestMethod]
    public void Known_values()
    {
        Tensor data = Tensor.Of<int>([2, 2], [10, 11, 12, 13]);
        Node("GatherND", [data, Tensor.Of<long>([2, 2], [0, 0, 1, 1])]).AssertGives(10, 13);
        Node("GatherND", [data, Tensor.Of<long>([2, 1], [-1, 0])]).AssertGives(12, 13, 10, 11);
        Node("GatherND", [data, Tensor.Of<long>([2, 1], [1, 0])], 1, ("batch_dims", 1L)).AssertGives(11, 12);
    }

    // What PyTorch writes for x[mask].
    [TestMethod]
    [DataRow(2)]
    [DataRow(1)]
    public void Places_that_depend_on_values_pick(int rank)
    {
        var graph = new TestGraph();
        Value x = graph.Input("x", 4, 6);
        Value mask = rank == 2 ? graph.Add("Greater", x, graph.Scalar(0)) : graph.Add("Greater", graph.Input("m", 4), graph.Scalar(0));
        Value places = graph.Add("Transpose", [graph.Add("NonZero", mask)], ("perm", new[] { 1L, 0L }));
        Value picked = graph.Add("GatherND", x, places);
        graph.Output(graph.Add("ReduceMax", [picked, graph.Longs(0)], ("keepdims", 0)));
        StringAssert.Contains(graph.AssertLowers(), "GATHER");
    }

    [TestMethod]
    public void An_index_outside_is_told() =>
        Assert.AreEqual("MOPT2004", Assert.ThrowsExactly<CompilationException>(
            () => Node("GatherND", [X(2), Tensor.Vector(2L)]).Run()).Diagnostic.Descriptor.Code);

    [TestMethod]
    public void Vectors_longer_than_the_rank_are_refused() =>
        Assert.AreEqual("MOPT2004", Node("GatherND", [Floats(2, 3), Tensor.Of<long>([1, 3], [0, 0, 0])]).InferError());

    private Tensor X(params int[] dims) => Signed(_random, dims);
}
