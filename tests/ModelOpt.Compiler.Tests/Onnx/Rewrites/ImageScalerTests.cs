using ModelOpt.Compiler.Tests.Operators;
using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Onnx.Rewrites;

[TestClass]
internal sealed class ImageScalerTests
{
    [TestMethod]
    public void Results_agree_with_peers() => Node(
        "ImageScaler", [Signed(new Random(1), 2, 3, 4, 5)], 1, ("scale", 0.5f), ("bias", new[] { 1f, -2f, 3f }))
            .AssertAgreesWithPeers(opset: 8);

    [TestMethod]
    public void Each_channel_has_a_bias() => Node(
        "ImageScaler", [Tensor.Of<float>([1, 2, 1, 2], [1, 2, 3, 4])], 1, ("scale", 2f), ("bias", new[] { 1f, -1f }))
            .AssertModelGives(opset: 8, 3, 5, 5, 7);
}
