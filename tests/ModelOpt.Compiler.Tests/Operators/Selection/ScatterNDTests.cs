using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Selection;

/// <summary>Gradients are <see cref="GradientTests"/>' matter.</summary>
[TestClass]
internal sealed class ScatterNDTests
{
    private readonly Random _random = new(8);

    [TestMethod]
    public void Slices_agree_with_peers()
    {
        Tensor pairs = Tensor.Of<long>([3, 2], [0, 1, 1, -1, 1, 0]), rows = Tensor.Of<long>([2, 1], [3, 0]);
        foreach (int fed in (int[])[1, 3])
        {
            Node("ScatterND", [X(2, 3, 4), pairs, X(3, 4)]).AssertAgreesWithPeers(fed);
            Node("ScatterND", [X(4, 5), rows, X(2, 5)]).AssertAgreesWithPeers(fed);
        }
    }

    [TestMethod]
    [DataRow("add")]
    [DataRow("mul")]
    [DataRow("max")]
    [DataRow("min")]
    public void Updates_at_distinct_places_are_taken_together(string reduction) =>
        Node("ScatterND", [X(4, 5), Tensor.Of<long>([2, 1], [3, 0]), X(2, 5)], 1, ("reduction", reduction))
            .AssertAgreesWithPeers(opset: 18);

    [TestMethod]
    [DataRow("add")]
    [DataRow("mul")]
    [DataRow("max")]
    public void Updates_at_one_place_are_taken_together_one_after_another(string reduction) =>
        Node("ScatterND", [X(4, 5), Tensor.Of<long>([3, 1], [3, 0, 3]), X(3, 5)], 1, ("reduction", reduction))
            .AssertAgreesWithPeers(opset: 18);

    [TestMethod]
    public void Known_values()
    {
        Tensor data = Tensor.Vector(1, 2, 3, 4, 5, 6, 7, 8), indices = Tensor.Of<long>([4, 1], [4, 3, 1, 7]);
        Node("ScatterND", [data, indices, Tensor.Vector(9, 10, 11, 12)]).AssertGives(1, 11, 3, 10, 9, 6, 7, 12);
    }

    [TestMethod]
    public void An_index_outside_is_told() =>
        Assert.AreEqual("MOPT2004", Assert.ThrowsExactly<CompilationException>(
            () => Node("ScatterND", [X(2), Tensor.Of<long>([1, 1], [2]), X(1)]).Run()).Diagnostic.Descriptor.Code);

    [TestMethod]
    public void What_does_not_fit_is_refused()
    {
        Tensor at = Tensor.Of<long>([1, 1], [0]);
        Assert.AreEqual("MOPT2002", Node("ScatterND", [Floats(2), at, Floats(1)], 1, ("reduction", "mean")).InferError());
        Assert.AreEqual("MOPT2004", Node("ScatterND", [Floats(2), at, Floats(1, 1)]).InferError());
        Assert.AreEqual("MOPT2005", Node("ScatterND", [Floats(2), at, Tensor.Vector(1L)]).InferError());
    }

    private Tensor X(params int[] dims) => Signed(_random, dims);
}
