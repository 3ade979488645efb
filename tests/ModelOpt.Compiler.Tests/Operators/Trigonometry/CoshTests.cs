using ModelOpt.Compiler.Tests.Operators.Elementwise;

namespace ModelOpt.Compiler.Tests.Operators.Trigonometry;

[TestClass]
internal sealed class CoshTests
{
    [TestMethod]
    public void Results_agree_with_peers() => Node("Cosh", [TestGraph.RandomTensor(1, 2, 5, 190)]).AssertAgreesWithPeers();

    [TestMethod]
    public void Known_values() => Node("Cosh", [Tensor.Vector<float>(0, 1, -1)]).AssertGives<float>(1, 1.5430806f, 1.5430806f);

    [TestMethod]
    public void Integers_are_refused() => FunctionCases.AssertRefusesIntegers("Cosh");
}
