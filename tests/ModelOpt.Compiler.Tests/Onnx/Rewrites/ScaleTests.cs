using ModelOpt.Compiler.Tests.Operators;
using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Onnx.Rewrites;

[TestClass]
internal sealed class ScaleTests
{
    [TestMethod]
    public void Results_agree_with_peers() =>
        Node("Scale", [Signed(new Random(1), 2, 3)], 1, ("scale", 2.5f)).AssertAgreesWithPeers(opset: 8);

    [TestMethod]
    public void Results_are_scale_times_x() =>
        Node("Scale", [Tensor.Vector(1f, -2f)], 1, ("scale", 3f)).AssertModelGives(opset: 8, 3, -6);
}
