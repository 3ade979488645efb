using ModelOpt.Compiler.Tests.Operators.Elementwise;

namespace ModelOpt.Compiler.Tests.Operators.Activations;

[TestClass]
internal sealed class ShrinkTests
{
    [TestMethod]
    public void Results_agree_with_peers() => Node("Shrink", [FunctionCases.Halves]).AssertAgreesWithPeers();

    [TestMethod]
    public void Known_values() =>
        Node("Shrink", [Tensor.Vector<float>(-2, -1, 0.5f, 1, 2)], 1, ("lambd", 1f), ("bias", 0.5f))
            .AssertGives<float>(-1.5f, 0, 0, 0, 1.5f);

    [TestMethod]
    public void A_bias_agrees_with_peers() =>
        Node("Shrink", [FunctionCases.Halves], 1, ("lambd", 1.5f), ("bias", 0.5f)).AssertAgreesWithPeers();
}
