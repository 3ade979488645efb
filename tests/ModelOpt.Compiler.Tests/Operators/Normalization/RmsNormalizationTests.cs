using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Normalization;

/// <summary>Gradients are <see cref="GradientTests"/>' matter.</summary>
[TestClass]
internal sealed class RmsNormalizationTests
{
    private readonly Random _random = new(8);

    [TestMethod]
    public void Results_agree_with_peers()
    {
        Node("RMSNormalization", [X(2, 3, 5), X(5)]).AssertAgreesWithPeers(opset: 23);
        Node("RMSNormalization", [X(2, 3, 5), X(3, 5)], 1, ("axis", 1L)).AssertAgreesWithPeers(opset: 23);
    }

    [TestMethod]
    public void The_mean_is_not_taken_away()
    {
        Tensor x = Tensor.Of<float>([2, 2], [3, 4, 7, 7]);
        Node("RMSNormalization", [x, Tensor.Vector(1f, 2)], 1, ("epsilon", 0f)).AssertGives(0.8485281f, 2.2627417f, 1, 2);
    }

    [TestMethod]
    public void A_scale_that_does_not_fit_is_refused() =>
        Assert.AreEqual("MOPT2004", Node("RMSNormalization", [Floats(2, 3), Floats(4)]).InferError());

    private Tensor X(params int[] dims) => Signed(_random, dims);
}
