using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Normalization;

/// <summary>Gradients are <see cref="GradientTests"/>' matter.</summary>
[TestClass]
internal sealed class InstanceNormalizationTests
{
    private readonly Random _random = new(8);

    [TestMethod]
    public void Results_agree_with_peers()
    {
        Node("InstanceNormalization", [X(2, 3, 4, 5), X(3), X(3)]).AssertAgreesWithPeers();
        Node("InstanceNormalization", [X(2, 3, 7), X(3), X(3)], 1, ("epsilon", 0.1f)).AssertAgreesWithPeers(3);
        Node("InstanceNormalization", [X(1, 3, 4, 5), X(3), X(3)]).AssertAgreesWithPeers(3);
    }

    [TestMethod]
    public void Each_channel_has_its_own_mean_and_variance()
    {
        Tensor x = Tensor.Of<float>([1, 2, 2], [1, 3, 10, 50]), scale = Tensor.Vector(2f, 3), shift = Tensor.Vector(1f, 0);
        Node("InstanceNormalization", [x, scale, shift], 1, ("epsilon", 0f)).AssertGives<float>(-1, 3, -3, 3);
    }

    [TestMethod]
    public void A_variance_ends_where_float32_does() =>
        Node("InstanceNormalization", [Tensor.Of<float>([1, 1, 2], [1e20f, -1e20f]), Tensor.Vector(2f), Tensor.Vector(1f)])
            .AssertModelGives(opset: 13, 1, 1);

    [TestMethod]
    public void A_matrix_is_refused() =>
        Assert.AreEqual("MOPT2004", Node("InstanceNormalization", [Floats(2, 3), Floats(3), Floats(3)]).InferError());

    private Tensor X(params int[] dims) => Signed(_random, dims);
}
