namespace ModelOpt.Compiler.Tests.Operators.Logic;

[TestClass]
internal sealed class BitwiseNotTests
{
    [TestMethod]
    public void Results_agree_with_ONNX_Runtime()
    {
        foreach (ElementType type in new[] { ElementType.UInt8, ElementType.Int32, ElementType.UInt64 })
            Node("BitwiseNot", [Casting.To(Tensor.Vector(3L, 0, 77), type)]).AssertAgreesWithPeers(opset: 18, liteRt: false);
    }

    [TestMethod]
    public void Known_values()
    {
        Node("BitwiseNot", [Tensor.Vector<byte>(0, 1, 255)]).AssertGives<byte>(255, 254, 0);
        Node("BitwiseNot", [Tensor.Vector(0, 5, -1)]).AssertGives(-1, -6, 0);
    }
}
