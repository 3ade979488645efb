using ModelOpt.Compiler.Tests.Operators;
using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Onnx.Rewrites;

[TestClass]
internal sealed class ReverseSequenceTests
{
    [TestMethod]
    public void Results_agree_with_peers()
    {
        Tensor x = Signed(new Random(1), 4, 3, 2);
        Node("ReverseSequence", [x, Tensor.Vector(4L, 1, 3)]).AssertAgreesWithPeers();
        Node("ReverseSequence", [x, Tensor.Vector(2L, 3, 1, 2)], 1, ("time_axis", 1L), ("batch_axis", 0L)).AssertAgreesWithPeers();
    }
}
