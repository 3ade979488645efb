using ModelOpt.Compiler.Tests.Operators.Elementwise;

namespace ModelOpt.Compiler.Tests.Operators.Activations;

[TestClass]
internal sealed class CeluTests
{
    [TestMethod]
    public void Results_agree_with_peers() => Node("Celu", [TestGraph.RandomTensor(1, 2, 5, 190)]).AssertAgreesWithPeers();

    [TestMethod]
    public void Known_values() =>
        Node("Celu", [Tensor.Vector<float>(0, 3, -2)], 1, ("alpha", 2f)).AssertGives<float>(0, 3, -1.2642411f);

    [TestMethod]
    public void Attributes_agree_with_peers() =>
        Node("Celu", [FunctionCases.Between(-5, 5)], 1, ("alpha", 0.7f)).AssertAgreesWithPeers();

    [TestMethod]
    public void Integers_are_refused() => FunctionCases.AssertRefusesIntegers("Celu");
}
