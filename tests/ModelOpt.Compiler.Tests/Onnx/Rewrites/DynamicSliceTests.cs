using ModelOpt.Compiler.Tests.Operators;
using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Onnx.Rewrites;

[TestClass]
internal sealed class DynamicSliceTests
{
    [TestMethod]
    public void Results_agree_with_peers()
    {
        Tensor x = Signed(new Random(1), 4, 5, 6);
        Node("DynamicSlice", [x, Tensor.Vector(1L, 2), Tensor.Vector(3L, -1), Tensor.Vector(0L, 2)]).AssertAgreesWithPeers(opset: 6);
        Node("DynamicSlice", [x, Tensor.Vector(1L, 0, 2), Tensor.Vector(4L, 9, 5)]).AssertAgreesWithPeers(opset: 6);
    }
}
