using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Normalization;

/// <summary>Gradients are <see cref="GradientTests"/>' matter.</summary>
[TestClass]
internal sealed class LocalResponseNormalizationTests
{
    private readonly Random _random = new(8);

    [TestMethod]
    [DataRow(3L)]
    [DataRow(4L)]
    [DataRow(11L)]
    public void Results_agree_with_peers(long size)
    {
        // Other sizes than odd ones are ONNX's own; ONNX Runtime has no kernel for them.
        Node node = Node("LRN", [Signed(_random, 2, 7, 3, 4)], 1, ("size", size), ("alpha", 0.5f), ("beta", 0.6f), ("bias", 2f));
        if (size % 2 == 1) node.AssertAgreesWithPeers();
        else Assert.AreEqual(Expected(node.Input(0).Constant!, (int)size), node.Run()[0].Span<float>()[5], 1e-6);
    }

    [TestMethod]
    public void A_square_beyond_float32_touches_its_window_only() =>
        Node("LRN", [Tensor.Of<float>([1, 5, 1], [1, 1, 1, 1, 1e30f])], 1, ("size", 3L), ("alpha", 3f)).AssertModelGives(
            opset: 13, 0.43869135f, 0.35355339f, 0.35355339f, 0, 0);

    // The sixth element is the second of the second row of the first channel.
    private static double Expected(Tensor x, int size)
    {
        double sum = 0;
        for (int c = 0; c <= size / 2; c++) sum += Math.Pow(x.Span<float>()[(c * 12) + 5], 2);
        return x.Span<float>()[5] / Math.Pow(2 + (0.5 / size * sum), 0.6);
    }
}
