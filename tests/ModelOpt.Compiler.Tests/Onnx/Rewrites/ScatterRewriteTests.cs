using ModelOpt.Compiler.Tests.Operators;
using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Onnx.Rewrites;

[TestClass]
internal sealed class ScatterRewriteTests
{
    [TestMethod]
    public void Results_agree_with_peers() =>
        Node("Scatter", [Signed(new Random(1), 3, 4), Tensor.Of<long>([2, 2], [0, 2, 1, 0]), Signed(new Random(2), 2, 2)], 1, ("axis", 1L))
            .AssertAgreesWithPeers(opset: 10);
}
