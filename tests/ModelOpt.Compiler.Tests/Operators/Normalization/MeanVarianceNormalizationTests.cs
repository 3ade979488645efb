using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Normalization;

/// <summary>Gradients are <see cref="GradientTests"/>' matter.</summary>
[TestClass]
internal sealed class MeanVarianceNormalizationTests
{
    private readonly Random _random = new(8);

    [TestMethod]
    public void Results_agree_with_peers()
    {
        Node("MeanVarianceNormalization", [X(2, 3, 4, 5)]).AssertAgreesWithPeers();
        Node("MeanVarianceNormalization", [X(2, 3, 4, 5)], 1, ("axes", new long[] { 1 })).AssertAgreesWithPeers();
    }

    [TestMethod]
    public void Known_values()
    {
        Tensor x = Tensor.Of<float>([2, 2], [1, 3, 5, 9]);
        Node("MeanVarianceNormalization", [x], 1, ("axes", new long[] { 1 })).AssertGives<float>(-1, 1, -1, 1);
    }

    [TestMethod]
    public void A_constant_becomes_0()
    {
        Tensor x = Tensor.Of<float>([1, 3], [7, 7, 7]);
        Node("MeanVarianceNormalization", [x], 1, ("axes", new long[] { 1 })).AssertGives<float>(0, 0, 0);
    }

    [TestMethod]
    public void Axes_that_are_not_there_are_refused() =>
        Assert.AreEqual("MOPT2002", Node("MeanVarianceNormalization", [Floats(2, 3)]).InferError());

    private Tensor X(params int[] dims) => Signed(_random, dims);
}
