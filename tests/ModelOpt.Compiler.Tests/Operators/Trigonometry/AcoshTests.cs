using ModelOpt.Compiler.Tests.Operators.Elementwise;

namespace ModelOpt.Compiler.Tests.Operators.Trigonometry;

[TestClass]
internal sealed class AcoshTests
{
    [TestMethod]
    public void Results_agree_with_ONNX_Runtime() =>
        Node("Acosh", [FunctionCases.Between(1, 9)]).AssertAgreesWithPeers();

    [TestMethod]
    public void Known_values() => Node("Acosh", [Tensor.Vector<float>(1, 2, 0.5f)]).AssertGives<float>(0, 1.3169579f, float.NaN);

    [TestMethod]
    public void Integers_are_refused() => FunctionCases.AssertRefusesIntegers("Acosh");
}
