using ModelOpt.Compiler.Tests.Operators.Elementwise;

namespace ModelOpt.Compiler.Tests.Operators.Trigonometry;

[TestClass]
internal sealed class AtanTests
{
    [TestMethod]
    public void Results_agree_with_peers() => Node("Atan", [TestGraph.RandomTensor(1, 2, 5, 190)]).AssertAgreesWithPeers();

    [TestMethod]
    public void Known_values() =>
        Node("Atan", [Tensor.Vector<float>(0, 1, -1, float.PositiveInfinity, float.NegativeInfinity)])
            .AssertGives<float>(0, 0.78539816f, -0.78539816f, 1.5707963f, -1.5707963f);

    [TestMethod]
    public void Integers_are_refused() => FunctionCases.AssertRefusesIntegers("Atan");
}
