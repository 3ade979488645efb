using ModelOpt.Compiler.Tests.Operators.Elementwise;

namespace ModelOpt.Compiler.Tests.Operators.Activations;

[TestClass]
internal sealed class SoftsignTests
{
    [TestMethod]
    public void Results_agree_with_peers() => Node("Softsign", [TestGraph.RandomTensor(1, 2, 5, 190)]).AssertAgreesWithPeers();

    [TestMethod]
    public void Known_values() => Node("Softsign", [Tensor.Vector<float>(0, 1, -3)]).AssertGives<float>(0, 0.5f, -0.75f);

    [TestMethod]
    public void Far_numbers_stay_finite()
    {
        Node far = Node("Softsign", [Tensor.Vector(-200f, 200f)]);
        far.AssertGives<float>(-0.99502488f, 0.99502488f);
        far.AssertAgreesWithPeers();
    }

    [TestMethod]
    public void Integers_are_refused() => FunctionCases.AssertRefusesIntegers("Softsign");
}
