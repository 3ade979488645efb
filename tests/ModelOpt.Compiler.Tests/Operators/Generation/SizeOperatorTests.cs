namespace ModelOpt.Compiler.Tests.Operators.Generation;

[TestClass]
internal sealed class SizeOperatorTests
{
    [TestMethod]
    public void Results_agree_with_ONNX_Runtime() =>
        Node("Size", [TestGraph.RandomTensor(1, 3, 4)]).AssertAgreesWithPeers(liteRt: false);

    [TestMethod]
    public void Known_values()
    {
        Node("Size", [Tensor.Zeros(ElementType.Float32, [2, 3, 4])]).AssertGives(24L);
        Node("Size", [Tensor.Scalar(5)]).AssertGives(1L);
        Node("Size", [Tensor.Zeros(ElementType.Float32, [2, 0])]).AssertGives(0L);
    }

    [TestMethod]
    public void Sizes_are_carried()
    {
        Assert.AreEqual(6, Node("Size", [Floats(2, 3)]).Infer().ShapeContent!.Single().Size);
        Assert.IsFalse(Node("Size", [Floats(N, 3)]).Infer().ShapeContent!.Single().IsKnown);
    }
}
