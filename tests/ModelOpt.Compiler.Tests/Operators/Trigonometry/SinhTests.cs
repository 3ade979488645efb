using ModelOpt.Compiler.Tests.Operators.Elementwise;

namespace ModelOpt.Compiler.Tests.Operators.Trigonometry;

[TestClass]
internal sealed class SinhTests
{
    [TestMethod]
    public void Results_agree_with_ONNX_Runtime() =>
        Node("Sinh", [FunctionCases.Between(-3, 3)]).AssertAgreesWithPeers();

    [TestMethod]
    public void Known_values() => Node("Sinh", [Tensor.Vector<float>(0, 1, -1)]).AssertGives<float>(0, 1.1752012f, -1.1752012f);

    [TestMethod]
    public void Integers_are_refused() => FunctionCases.AssertRefusesIntegers("Sinh");
}
