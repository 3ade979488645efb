using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Generation;

[TestClass]
internal sealed class EyeLikeTests
{
    private readonly Random _random = new(8);

    [TestMethod]
    public void Results_agree_with_ONNX_Runtime()
    {
        Node("EyeLike", [Signed(_random, 3, 4)], 1, ("k", 1L)).AssertAgreesWithPeers(liteRt: false);
        Node("EyeLike", [Signed(_random, 4, 3)], 1, ("k", -2L), ("dtype", 7L)).AssertAgreesWithPeers(liteRt: false);
    }

    [TestMethod]
    public void Known_values()
    {
        Tensor x = Tensor.Of<float>([2, 3], [9, 9, 9, 9, 9, 9]);
        Node("EyeLike", [x]).AssertGives<float>(1, 0, 0, 0, 1, 0);
        Node("EyeLike", [x], 1, ("k", 1L)).AssertGives<float>(0, 1, 0, 0, 0, 1);
        Node("EyeLike", [x], 1, ("k", -1L), ("dtype", 7L)).AssertGives<long>(0, 0, 0, 1, 0, 0);
    }

    [TestMethod]
    public void What_is_no_matrix_is_refused() => Assert.AreEqual("MOPT2004", Node("EyeLike", [Floats(2, 3, 4)]).InferError());
}
