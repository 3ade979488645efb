namespace ModelOpt.Compiler.Tests.Operators.Elementwise;

[TestClass]
internal sealed class SignTests
{
    [TestMethod]
    public void Results_agree_with_peers() => Node("Sign", [FunctionCases.Halves]).AssertAgreesWithPeers();

    [TestMethod]
    public void Known_values() =>
        Node("Sign", [Tensor.Vector<float>(-2, 0, 0.1f, float.NaN)]).AssertGives<float>(-1, 0, 1, float.NaN);

    [TestMethod]
    [DataRow(nameof(ElementType.Int64))]
    [DataRow(nameof(ElementType.Int8))]
    [DataRow(nameof(ElementType.UInt64))]
    public void Integers_agree_with_ONNX_Runtime(string type)
    {
        Tensor x = Casting.To(Tensor.Vector(3L, type[0] == 'U' ? 9 : -7, 0), Enum.Parse<ElementType>(type));
        Node("Sign", [x]).AssertAgreesWithPeers(liteRt: false);
    }
}
