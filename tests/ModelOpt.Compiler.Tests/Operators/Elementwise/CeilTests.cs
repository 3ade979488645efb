namespace ModelOpt.Compiler.Tests.Operators.Elementwise;

[TestClass]
internal sealed class CeilTests
{
    [TestMethod]
    public void Results_agree_with_peers() => Node("Ceil", [FunctionCases.Halves]).AssertAgreesWithPeers();

    [TestMethod]
    public void Known_values() =>
        Node("Ceil", [Tensor.Vector<float>(-2.5f, -0.2f, 0.2f, 1, 100.7f)]).AssertGives<float>(-2, -0f, 1, 1, 101);

    [TestMethod]
    public void Integers_are_refused() => FunctionCases.AssertRefusesIntegers("Ceil");
}
