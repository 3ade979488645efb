using ModelOpt.Compiler.Tests.Operators.Elementwise;

namespace ModelOpt.Compiler.Tests.Operators.Logic;

[TestClass]
internal sealed class BitwiseAndTests
{
    [TestMethod]
    public void Results_agree_with_ONNX_Runtime() => PairCases.AssertBitsAgree("BitwiseAnd");

    [TestMethod]
    public void Known_values()
    {
        Node("BitwiseAnd", [Tensor.Vector(0b1100, 0xF0, -1), Tensor.Vector(0b1010, 0x0F, 6)]).AssertGives(8, 0, 6);
        Node("BitwiseAnd", [Tensor.Vector<byte>(200), Tensor.Vector<byte>(129)]).AssertGives<byte>(128);
    }

    [TestMethod]
    public void Mixed_types_are_refused() => PairCases.AssertRefusesMixedTypes("BitwiseAnd");
}
