using ModelOpt.Compiler.Tests.Operators.Elementwise;

namespace ModelOpt.Compiler.Tests.Operators.Logic;

[TestClass]
internal sealed class BitShiftTests
{
    [TestMethod]
    [DataRow("LEFT")]
    [DataRow("RIGHT")]
    public void Results_agree_with_ONNX_Runtime(string direction)
    {
        foreach (ElementType element in new[] { ElementType.UInt8, ElementType.UInt32, ElementType.UInt64 })
        {
            Tensor a = Casting.To(Tensor.Vector(1L, 200, 77), element), b = Casting.To(Tensor.Vector(2L, 1, 0), element);
            Shift(a, b, direction).AssertAgreesWithPeers(fed: 2, liteRt: false);
        }
    }

    [TestMethod]
    public void Bits_beyond_the_type_are_dropped()
    {
        Tensor a = Tensor.Vector<byte>(1, 200, 77, 255), b = Tensor.Vector<byte>(2, 1, 0, 8);
        Shift(a, b, "LEFT").AssertGives<byte>(4, 144, 77, 0);
        Shift(a, b, "RIGHT").AssertGives<byte>(0, 100, 77, 0);
        Shift(Tensor.Vector(5UL), Tensor.Vector(64UL), "LEFT").AssertGives(0UL);
        Shift(Tensor.Vector(5UL), Tensor.Vector(65UL), "RIGHT").AssertGives(0UL);
    }

    [TestMethod]
    public void A_direction_that_is_none_is_told() =>
        Assert.AreEqual("MOPT2002", Assert.ThrowsExactly<CompilationException>(
            () => Shift(Tensor.Vector(1u), Tensor.Vector(1u), "UP").Run()).Diagnostic.Descriptor.Code);

    [TestMethod]
    public void Mixed_types_are_refused() => PairCases.AssertRefusesMixedTypes("BitShift");

    private static Node Shift(Tensor a, Tensor b, string direction) => Node("BitShift", [a, b], 1, ("direction", direction));
}
