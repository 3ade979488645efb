using ModelOpt.Compiler.Tests.Operators;
using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Onnx.Rewrites;

[TestClass]
internal sealed class AffineTests
{
    [TestMethod]
    public void Results_agree_with_peers() =>
        Node("Affine", [Signed(new Random(1), 2, 3)], 1, ("alpha", 2.5f), ("beta", -1f)).AssertAgreesWithPeers(opset: 8);

    [TestMethod]
    public void Results_are_alpha_times_x_plus_beta() =>
        Node("Affine", [Tensor.Vector(1f, -2f)], 1, ("alpha", 2f), ("beta", 3f)).AssertModelGives(opset: 8, 5, -1);
}
