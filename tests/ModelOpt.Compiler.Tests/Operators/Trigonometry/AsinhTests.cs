using ModelOpt.Compiler.Tests.Operators.Elementwise;

namespace ModelOpt.Compiler.Tests.Operators.Trigonometry;

[TestClass]
internal sealed class AsinhTests
{
    [TestMethod]
    public void Results_agree_with_ONNX_Runtime() =>
        Node("Asinh", [FunctionCases.Between(-9, 9)]).AssertAgreesWithPeers();

    [TestMethod]
    public void Known_values() =>
        Node("Asinh", [Tensor.Vector<float>(0, 1, -1)]).AssertGives<float>(0, 0.88137359f, -0.88137359f);

    [TestMethod]
    public void Integers_are_refused() => FunctionCases.AssertRefusesIntegers("Asinh");
}
