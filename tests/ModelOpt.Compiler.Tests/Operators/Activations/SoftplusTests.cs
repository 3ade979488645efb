using ModelOpt.Compiler.Tests.Operators.Elementwise;

namespace ModelOpt.Compiler.Tests.Operators.Activations;

[TestClass]
internal sealed class SoftplusTests
{
    [TestMethod]
    public void Results_agree_with_peers() => Node("Softplus", [TestGraph.RandomTensor(1, 2, 5, 190)]).AssertAgreesWithPeers();

    [TestMethod]
    public void Known_values() =>
        Node("Softplus", [Tensor.Vector<float>(0, 1, -1)]).AssertGives<float>(0.69314718f, 1.3132617f, 0.31326169f);

    [TestMethod]
    public void Far_numbers_stay_finite()
    {
        Node far = Node("Softplus", [Tensor.Vector(-200f, 200f)]);
        far.AssertGives<float>(0, 200);
        far.AssertAgreesWithPeers();
    }

    [TestMethod]
    public void Integers_are_refused() => FunctionCases.AssertRefusesIntegers("Softplus");
}
