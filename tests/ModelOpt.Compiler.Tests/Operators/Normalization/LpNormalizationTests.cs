using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Normalization;

/// <summary>Gradients are <see cref="GradientTests"/>' matter.</summary>
[TestClass]
internal sealed class LpNormalizationTests
{
    private readonly Random _random = new(8);

    [TestMethod]
    public void A_norm_ends_where_float32_does() =>
        Node("LpNormalization", [Tensor.Vector(1e20f, -1e20f)]).AssertModelGives(opset: 13, 0, 0);

    [TestMethod]
    public void Results_agree_with_peers()
    {
        Node("LpNormalization", [Signed(_random, 2, 3, 4)]).AssertAgreesWithPeers();
        Node("LpNormalization", [Signed(_random, 2, 3, 4)], 1, ("axis", 1L), ("p", 1L)).AssertAgreesWithPeers();
        Node("LpNormalization", [Tensor.Of<float>([2, 2], [0, 0, 3, 4])]).AssertAgreesWithPeers();
    }
}
