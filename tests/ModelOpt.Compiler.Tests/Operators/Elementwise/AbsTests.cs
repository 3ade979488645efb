namespace ModelOpt.Compiler.Tests.Operators.Elementwise;

[TestClass]
internal sealed class AbsTests
{
    [TestMethod]
    public void Results_agree_with_peers() => Node("Abs", [TestGraph.RandomTensor(1, 2, 5, 19)]).AssertAgreesWithPeers();

    [TestMethod]
    [DataRow(nameof(ElementType.Int32))]
    [DataRow(nameof(ElementType.Int8))]
    [DataRow(nameof(ElementType.Int64))]
    [DataRow(nameof(ElementType.UInt8))]
    public void Integers_agree_with_ONNX_Runtime(string type)
    {
        Tensor x = Compiler.Graphs.Casting.To(Tensor.Of<int>([2, 3], [0, 1, 100, 7, 3, 90]), Enum.Parse<ElementType>(type));
        if (type[0] != 'U') x = Compiler.Graphs.Casting.To(Tensor.Of<int>([2, 3], [0, -1, 100, -7, 3, -90]), x.Type);
        Node("Abs", [x]).AssertAgreesWithPeers(liteRt: false);
    }
}
