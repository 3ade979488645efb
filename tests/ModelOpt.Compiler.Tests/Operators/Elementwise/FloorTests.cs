namespace ModelOpt.Compiler.Tests.Operators.Elementwise;

[TestClass]
internal sealed class FloorTests
{
    [TestMethod]
    public void Results_agree_with_peers() => Node("Floor", [FunctionCases.Halves]).AssertAgreesWithPeers();

    [TestMethod]
    public void Known_values() =>
        Node("Floor", [Tensor.Vector<float>(-2.5f, -0.2f, 0.2f, 1, 100.7f)]).AssertGives<float>(-3, -1, 0, 1, 100);

    [TestMethod]
    public void Integers_are_refused() => FunctionCases.AssertRefusesIntegers("Floor");
}
