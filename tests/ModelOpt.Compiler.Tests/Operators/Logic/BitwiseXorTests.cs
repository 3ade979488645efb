using ModelOpt.Compiler.Tests.Operators.Elementwise;

namespace ModelOpt.Compiler.Tests.Operators.Logic;

[TestClass]
internal sealed class BitwiseXorTests
{
    [TestMethod]
    public void Results_agree_with_ONNX_Runtime() => PairCases.AssertBitsAgree("BitwiseXor");

    [TestMethod]
    public void Known_values()
    {
        Node("BitwiseXor", [Tensor.Vector(0b1100, 0xF0, -1), Tensor.Vector(0b1010, 0x0F, 6)]).AssertGives(6, 255, -7);
        Node("BitwiseXor", [Tensor.Vector<byte>(200), Tensor.Vector<byte>(129)]).AssertGives<byte>(73);
    }

    [TestMethod]
    public void Mixed_types_are_refused() => PairCases.AssertRefusesMixedTypes("BitwiseXor");
}
