using ModelOpt.Compiler.Tests.Operators.Elementwise;

namespace ModelOpt.Compiler.Tests.Operators.Trigonometry;

[TestClass]
internal sealed class AtanhTests
{
    [TestMethod]
    public void Results_agree_with_ONNX_Runtime() =>
        Node("Atanh", [FunctionCases.Between(-0.99f, 0.99f)]).AssertAgreesWithPeers();

    [TestMethod]
    public void Known_values() =>
        Node("Atanh", [Tensor.Vector<float>(0, 0.5f, 1, 2)]).AssertGives<float>(0, 0.54930614f, float.PositiveInfinity, float.NaN);

    [TestMethod]
    public void Integers_are_refused() => FunctionCases.AssertRefusesIntegers("Atanh");
}
