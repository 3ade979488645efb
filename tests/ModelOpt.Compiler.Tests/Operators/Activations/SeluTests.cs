using ModelOpt.Compiler.Tests.Operators.Elementwise;

namespace ModelOpt.Compiler.Tests.Operators.Activations;

[TestClass]
internal sealed class SeluTests
{
    [TestMethod]
    public void Results_agree_with_peers() => Node("Selu", [TestGraph.RandomTensor(1, 2, 5, 190)]).AssertAgreesWithPeers();

    [TestMethod]
    public void Known_values() => Node("Selu", [Tensor.Vector<float>(0, 1, -1)]).AssertGives<float>(0, 1.050701f, -1.1113307f);

    [TestMethod]
    public void Attributes_agree_with_peers() =>
        Node("Selu", [FunctionCases.Between(-5, 5)], 1, ("alpha", 2f), ("gamma", 0.5f)).AssertAgreesWithPeers();

    [TestMethod]
    public void Far_numbers_stay_finite()
    {
        Node far = Node("Selu", [Tensor.Vector(-200f, 200f)]);
        far.AssertGives<float>(-1.7580993f, 210.1402f);
        far.AssertAgreesWithPeers();
    }

    [TestMethod]
    public void Integers_are_refused() => FunctionCases.AssertRefusesIntegers("Selu");
}
