using ModelOpt.Compiler.Tests.Operators.Elementwise;

namespace ModelOpt.Compiler.Tests.Operators.Trigonometry;

[TestClass]
internal sealed class AsinTests
{
    [TestMethod]
    public void Results_agree_with_peers() => Node("Asin", [FunctionCases.Between(0.01f, 1)]).AssertAgreesWithPeers();

    [TestMethod]
    public void Known_values() =>
        Node("Asin", [Tensor.Vector<float>(0, 1, -1, 0.5f, 2)]).AssertGives<float>(0, 1.5707963f, -1.5707963f, 0.52359878f, float.NaN);

    [TestMethod]
    public void Integers_are_refused() => FunctionCases.AssertRefusesIntegers("Asin");
}
