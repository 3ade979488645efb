namespace ModelOpt.Compiler.Tests.Operators.Elementwise;

[TestClass]
internal sealed class ReciprocalTests
{
    [TestMethod]
    public void Results_agree_with_peers() => Node("Reciprocal", [FunctionCases.Between(0.01f, 1)]).AssertAgreesWithPeers();

    [TestMethod]
    public void Known_values() =>
        Node("Reciprocal", [Tensor.Vector<float>(4, -0.5f, 0)]).AssertGives<float>(0.25f, -2, float.PositiveInfinity);

    [TestMethod]
    public void Integers_are_refused() => FunctionCases.AssertRefusesIntegers("Reciprocal");
}
