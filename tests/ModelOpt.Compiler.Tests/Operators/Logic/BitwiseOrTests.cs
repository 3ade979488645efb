using ModelOpt.Compiler.Tests.Operators.Elementwise;

namespace ModelOpt.Compiler.Tests.Operators.Logic;

[TestClass]
internal sealed class BitwiseOrTests
{
    [TestMethod]
    public void Results_agree_with_ONNX_Runtime() => PairCases.AssertBitsAgree("BitwiseOr");

    [TestMethod]
    public void Known_values()
    {
        Node("BitwiseOr", [Tensor.Vector(0b1100, 0xF0, -1), Tensor.Vector(0b1010, 0x0F, 6)]).AssertGives(14, 255, -1);
        Node("BitwiseOr", [Tensor.Vector<byte>(200), Tensor.Vector<byte>(129)]).AssertGives<byte>(201);
    }

    [TestMethod]
    public void Mixed_types_are_refused() => PairCases.AssertRefusesMixedTypes("BitwiseOr");
}
