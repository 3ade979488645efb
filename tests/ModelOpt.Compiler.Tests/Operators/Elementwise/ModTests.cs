namespace ModelOpt.Compiler.Tests.Operators.Elementwise;

[TestClass]
internal sealed class ModTests
{
    [TestMethod]
    [DataRow(nameof(ElementType.Int32), 0L)]
    [DataRow(nameof(ElementType.Int64), 0L)]
    [DataRow(nameof(ElementType.Int8), 0L)]
    [DataRow(nameof(ElementType.UInt8), 0L)]
    [DataRow(nameof(ElementType.Int32), 1L)]
    [DataRow(nameof(ElementType.Int8), 1L)]
    [DataRow(nameof(ElementType.Float32), 1L)]
    public void Rests_agree_with_ONNX_Runtime(string type, long fmod)
    {
        ElementType element = Enum.Parse<ElementType>(type);
        int sign = type[0] == 'U' ? 1 : -1;
        Tensor a = Casting.To(Tensor.Of<int>([2, 3], [7, 7 * sign, 8, 8 * sign, 0, 5]), element);
        Tensor b = Casting.To(Tensor.Of<int>([3], [3, 5, 4 * sign]), element);
        Node("Mod", [a, b], 1, ("fmod", fmod)).AssertAgreesWithPeers(fed: 2, liteRt: type is "Int32" or "Float32" or "Int64");
    }

    [TestMethod]
    public void A_rest_of_floats_keeps_its_digits() =>
        Node("Mod", [Tensor.Vector(-1e-6f, 5.5f, -7.25f), Tensor.Vector(5f, -2f, 3f)], 1, ("fmod", 1L)).AssertAgreesWithPeers(fed: 2);

    [TestMethod]
    public void The_sign_is_that_of_the_divisor_or_of_the_dividend()
    {
        Tensor a = Tensor.Vector(-7, 7, -7, 6), b = Tensor.Vector(3, -3, -3, 3);
        Node("Mod", [a, b]).AssertGives(2, -2, -1, 0);
        Node("Mod", [a, b], 1, ("fmod", 1L)).AssertGives(-1, 1, -1, 0);
        Node("Mod", [Tensor.Vector(-7.25f, 5.5f), Tensor.Vector(3f, -2f)], 1, ("fmod", 1L)).AssertGives(-1.25f, 1.5f);
    }

    [TestMethod]
    public void Mixed_types_are_refused() => PairCases.AssertRefusesMixedTypes("Mod");
}
