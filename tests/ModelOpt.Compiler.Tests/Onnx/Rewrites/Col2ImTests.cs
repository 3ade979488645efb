using ModelOpt.Compiler.Tests.Operators;
using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Onnx.Rewrites;

[TestClass]
internal sealed class Col2ImTests
{
    [TestMethod]
    public void Results_agree_with_peers()
    {
        Col2Im([2, 3 * 6, 12], [5, 5], [2, 3]);
        Col2Im([1, 2 * 4, 6], [6, 7], [2, 2], ("strides", new[] { 2L, 3L }));
        Col2Im([1, 9, 16], [6, 6], [3, 3], ("pads", new[] { 0L, 1, 2, 1 }), ("dilations", new[] { 2L, 2 }));
        Col2Im([1, 2 * 3, 5], [7], [3]);
    }

    [TestMethod]
    public void Blocks_that_overlap_add_up() =>
        Node("Col2Im", [Tensor.Of<float>([1, 2, 2], [1, 2, 10, 20]), Tensor.Vector(3L), Tensor.Vector(2L)])
            .AssertModelGives(opset: 18, 1, 12, 20);

    [TestMethod]
    public void Elements_of_dilated_blocks_lie_apart() =>
        Node("Col2Im", [Tensor.Of<float>([1, 2, 2], [1, 2, 10, 20]), Tensor.Vector(4L), Tensor.Vector(2L)], 1, ("dilations", new[] { 2L }))
            .AssertModelGives(opset: 18, 1, 2, 10, 20);

    private static void Col2Im(int[] x, long[] image, long[] block, params (string, object)[] attributes) =>
        Node("Col2Im", [Signed(new Random(1), x), Tensor.Vector<long>(image), Tensor.Vector<long>(block)], 1, attributes)
            .AssertAgreesWithPeers(opset: 18);
}
