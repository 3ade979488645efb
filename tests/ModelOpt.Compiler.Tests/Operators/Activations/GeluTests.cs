using ModelOpt.Compiler.Tests.Operators.Elementwise;

namespace ModelOpt.Compiler.Tests.Operators.Activations;

[TestClass]
internal sealed class GeluTests
{
    [TestMethod]
    [DataRow("none")]
    [DataRow("tanh")]
    public void Results_agree_with_peers(string approximate) =>
        Node("Gelu", [FunctionCases.Between(-6, 6)], 1, ("approximate", approximate)).AssertAgreesWithPeers(opset: 20);

    [TestMethod]
    public void Known_values()
    {
        Node("Gelu", [Tensor.Vector<float>(0, 1, -1)]).AssertGives<float>(0, 0.84134475f, -0.15865525f);
        Node("Gelu", [Tensor.Vector<float>(0, 1, -1)], 1, ("approximate", "tanh")).AssertGives<float>(0, 0.84119199f, -0.15880801f);
    }

    [TestMethod]
    public void Far_numbers_stay_finite()
    {
        Node far = Node("Gelu", [Tensor.Vector(-200f, 200f)]);
        far.AssertGives<float>(0, 200);
    }

    [TestMethod]
    public void Integers_are_refused() => FunctionCases.AssertRefusesIntegers("Gelu");
}
