using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Reduction;

/// <summary>Gradients are <see cref="GradientTests"/>' matter.</summary>
[TestClass]
internal sealed class TopKTests
{
    private readonly Random _random = new(8);

    [TestMethod]
    public void Results_agree_with_peers()
    {
        Node("TopK", [X(2, 3, 9), Tensor.Vector(4L)], 2).AssertAgreesWithPeers();
        Node("TopK", [X(2, 9, 3), Tensor.Vector(4L)], 2, ("axis", 1L), ("largest", 0L)).AssertAgreesWithPeers();
        Tensor ties = Tensor.Of<float>([2, 5], [1, 3, 3, 0, 3, -1, -1, -1, -1, 0]);
        Node("TopK", [ties, Tensor.Vector(3L)], 2).AssertAgreesWithPeers();
        Node("TopK", [ties, Tensor.Vector(3L)], 2, ("largest", 0L)).AssertAgreesWithPeers();
    }

    [TestMethod]
    public void More_than_there_are_is_refused() =>
        Assert.AreEqual("MOPT2004", Node("TopK", [X(2, 3), Tensor.Vector(4L)], 2).InferError());

    private Tensor X(params int[] dims) => Signed(_random, dims);
}
