using ModelOpt.Compiler.Tests.Operators;
using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Onnx.Rewrites;

[TestClass]
internal sealed class CenterCropPadTests
{
    [TestMethod]
    [DataRow(new long[] { 4, 9 }, new long[] { 0, 1 })]
    [DataRow(new long[] { 8, 3 }, new long[] { -1, 0 })]
    [DataRow(new long[] { 7 }, new long[] { 1 })]
    public void Results_agree_with_peers(long[] shape, long[] axes) => Node(
        "CenterCropPad", [Signed(new Random(1), 7, 6, 5), Tensor.Vector<long>(shape)], 1, ("axes", axes)).AssertAgreesWithPeers(opset: 18);

    [TestMethod]
    public void Of_an_odd_difference_the_back_takes_more() => Node(
        "CenterCropPad", [Tensor.Of<float>([2, 4], [1, 2, 3, 4, 5, 6, 7, 8]), Tensor.Vector(3L, 3)])
            .AssertModelGives(opset: 18, 1, 2, 3, 5, 6, 7, 0, 0, 0);
}
