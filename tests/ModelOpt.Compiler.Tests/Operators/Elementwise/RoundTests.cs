namespace ModelOpt.Compiler.Tests.Operators.Elementwise;

[TestClass]
internal sealed class RoundTests
{
    [TestMethod]
    public void Results_agree_with_peers() => Node("Round", [FunctionCases.Halves]).AssertAgreesWithPeers();

    [TestMethod]
    public void Halves_go_to_the_even_number() =>
        Node("Round", [Tensor.Vector<float>(-2.5f, -1.5f, 0.5f, 1.5f, 2.5f, 3.5f, 0.7f)]).AssertGives<float>(-2, -2, 0, 2, 2, 4, 1);

    [TestMethod]
    public void Integers_are_refused() => FunctionCases.AssertRefusesIntegers("Round");
}
