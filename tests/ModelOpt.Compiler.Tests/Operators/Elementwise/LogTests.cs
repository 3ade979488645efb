namespace ModelOpt.Compiler.Tests.Operators.Elementwise;

[TestClass]
internal sealed class LogTests
{
    [TestMethod]
    public void Results_agree_with_peers() => Node("Log", [FunctionCases.Between(0.01f, 1)]).AssertAgreesWithPeers();

    [TestMethod]
    public void Known_values() =>
        Node("Log", [Tensor.Vector<float>(1, MathF.E, 0, -1)]).AssertGives<float>(0, 1, float.NegativeInfinity, float.NaN);

    [TestMethod]
    public void Integers_are_refused() => FunctionCases.AssertRefusesIntegers("Log");
}
