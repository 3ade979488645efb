using ModelOpt.Compiler.Tests.Operators;
using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Onnx.Rewrites;

[TestClass]
internal sealed class ScaledFunctionTests
{
    [TestMethod]
    [DataRow("ParametricSoftplus")]
    [DataRow("ScaledTanh")]
    public void Results_agree_with_peers(string type) =>
        Node(type, [Signed(new Random(1), 2, 3)], 1, ("alpha", 2.5f), ("beta", -1.5f)).AssertAgreesWithPeers(opset: 6);

    [TestMethod]
    public void Factors_stand_before_the_function_and_in_it() =>
        Node("ScaledTanh", [Tensor.Vector(0.5f, -1f)], 1, ("alpha", 2f), ("beta", 3f)).AssertModelGives(opset: 1, 1.8102965f, -1.9901096f);
}
