using ModelOpt.Compiler.Tests.Operators.Elementwise;

namespace ModelOpt.Compiler.Tests.Operators.Activations;

[TestClass]
internal sealed class MishTests
{
    [TestMethod]
    public void Results_agree_with_peers() =>
        Node("Mish", [TestGraph.RandomTensor(1, 2, 5, 190)]).AssertAgreesWithPeers(opset: 18);

    [TestMethod]
    public void Known_values() => Node("Mish", [Tensor.Vector<float>(0, 1, -1)]).AssertGives<float>(0, 0.86509839f, -0.30340146f);

    [TestMethod]
    public void Far_numbers_stay_finite()
    {
        Node far = Node("Mish", [Tensor.Vector(-200f, 200f)]);
        far.AssertGives<float>(0, 200);
        far.AssertAgreesWithPeers(opset: 18);
    }

    [TestMethod]
    public void Integers_are_refused() => FunctionCases.AssertRefusesIntegers("Mish");
}
