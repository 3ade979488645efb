using ModelOpt.Compiler.Tests.Operators;
using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Onnx.Rewrites;

[TestClass]
internal sealed class MaxUnpoolTests
{
    private static readonly (string, object)[] Window = [("kernel_shape", new[] { 2L, 2 }), ("strides", new[] { 2L, 2 })];

    [TestMethod]
    public void Results_agree_with_peers()
    {
        Tensor x = Signed(new Random(1), 2, 3, 6, 8);
        Tensor[] pooled = Node("MaxPool", [x], 2, Window).Run();
        Node("MaxUnpool", [pooled[0], pooled[1]], 1, Window).AssertAgreesWithPeers(2);
        Node("MaxUnpool", [pooled[0], pooled[1]], 1, Window).AssertAgreesWithPeers(1);
    }

    [TestMethod]
    public void Elements_go_where_the_indices_say() => Node(
        "MaxUnpool", [Tensor.Of<float>([1, 1, 1, 2], [5, 7]), Tensor.Of<long>([1, 1, 1, 2], [1, 6])], 1, Window)
            .AssertModelGives(opset: 11, 0, 5, 0, 0, 0, 0, 7, 0);

    [TestMethod]
    public void A_larger_result_has_zeros_behind() => Node(
        "MaxUnpool", [Tensor.Of<float>([1, 1, 1, 1], [5]), Tensor.Of<long>([1, 1, 1, 1], [3]), Tensor.Vector(1L, 1, 3, 2)], 1, Window)
            .AssertModelGives(opset: 11, 0, 0, 0, 5, 0, 0);
}
