using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Activations;

[TestClass]
internal sealed class EluTests
{
    [TestMethod]
    public void Results_agree_with_peers() => Node("Elu", [Signed(new Random(1), 2, 5, 19)]).AssertAgreesWithPeers();

    [TestMethod]
    public void Another_alpha_agrees_with_peers() =>
        Node("Elu", [Signed(new Random(2), 2, 5, 19)], 1, ("alpha", 0.3f)).AssertAgreesWithPeers();

    [TestMethod]
    public void Far_numbers_end_at_minus_alpha() =>
        CollectionAssert.AreEqual(new[] { -1f, 1000f }, Node("Elu", [Tensor.Vector(-1000f, 1000f)]).Run()[0].Span<float>().ToArray());

    [TestMethod]
    public void Integers_are_refused() => Assert.AreEqual("MOPT2005", Node("Elu", [Tensor.Vector(1, 2)]).InferError());
}
