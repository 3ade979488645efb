using ModelOpt.Compiler.Tests.Operators.Elementwise;

namespace ModelOpt.Compiler.Tests.Operators.Activations;

[TestClass]
internal sealed class ThresholdedReluTests
{
    [TestMethod]
    public void Results_agree_with_peers() =>
        Node("ThresholdedRelu", [TestGraph.RandomTensor(1, 2, 5, 190)]).AssertAgreesWithPeers();

    [TestMethod]
    public void Known_values() =>
        Node("ThresholdedRelu", [Tensor.Vector<float>(-2, 0.5f, 1, 1.5f)]).AssertGives<float>(0, 0, 0, 1.5f);

    [TestMethod]
    public void Attributes_agree_with_peers() =>
        Node("ThresholdedRelu", [FunctionCases.Between(-5, 5)], 1, ("alpha", -0.5f)).AssertAgreesWithPeers();

    [TestMethod]
    public void Integers_are_refused() => FunctionCases.AssertRefusesIntegers("ThresholdedRelu");
}
