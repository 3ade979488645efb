namespace ModelOpt.Compiler.Tests.Operators.Elementwise;

[TestClass]
internal sealed class CastLikeTests
{
    [TestMethod]
    public void Results_agree_with_ONNX_Runtime() =>
        Node("CastLike", [FunctionCases.Halves, Tensor.Vector(1)]).AssertAgreesWithPeers(fed: 2, liteRt: false);

    [TestMethod]
    public void Known_values()
    {
        Node("CastLike", [Tensor.Vector(-2.5f, 2.9f), Tensor.Vector(1)]).AssertGives(-2, 2);
        Node("CastLike", [Tensor.Vector(-2, 3), Tensor.Vector(1f)]).AssertGives(-2f, 3f);
        Node("CastLike", [Tensor.Vector(0f, 0.5f), PairCases.Bools(0)]).AssertHolds(false, true);
    }
}
