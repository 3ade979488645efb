using ModelOpt.Compiler.Tests.Operators.Elementwise;

namespace ModelOpt.Compiler.Tests.Operators.Trigonometry;

[TestClass]
internal sealed class TanTests
{
    [TestMethod]
    public void Results_agree_with_peers() => Node("Tan", [TestGraph.RandomTensor(1, 2, 5, 190)]).AssertAgreesWithPeers();

    [TestMethod]
    public void Known_values() =>
        Node("Tan", [Tensor.Vector<float>(0, MathF.PI / 4, -MathF.PI / 4)]).AssertGives<float>(0, 1, -1);

    [TestMethod]
    public void Integers_are_refused() => FunctionCases.AssertRefusesIntegers("Tan");
}
