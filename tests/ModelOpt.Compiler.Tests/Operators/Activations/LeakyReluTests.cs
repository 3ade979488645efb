using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Activations;

[TestClass]
internal sealed class LeakyReluTests
{
    [TestMethod]
    public void Results_agree_with_peers() => Node("LeakyRelu", [Wide(new Random(1))]).AssertAgreesWithPeers();

    [TestMethod]
    public void Given_coefficients_agree_with_peers() =>
        Node("LeakyRelu", [Wide(new Random(2))], 1, ("alpha", 0.3f)).AssertAgreesWithPeers();

    [TestMethod]
    public void Doubles_are_computed_and_integers_refused()
    {
        Tensor x = Wide(new Random(5));
        ReadOnlySpan<float> single = Node("LeakyRelu", [x]).Run()[0].Span<float>();
        ReadOnlySpan<double> wide = Node("LeakyRelu", [Compiler.Graphs.Casting.To(x, ElementType.Float64)]).Run()[0].Span<double>();
        for (int i = 0; i < single.Length; i++) Assert.AreEqual(wide[i], single[i], 2e-6 * Math.Max(1, Math.Abs(wide[i])));
        Assert.AreEqual("MOPT2005", Node("LeakyRelu", [Tensor.Vector(1, 2)]).InferError());
    }

    /// <summary>Elements from -8 to 8, more than one vector of them.</summary>
    private static Tensor Wide(Random random)
    {
        Tensor tensor = Signed(random, 2, 5, 19);
        foreach (ref float x in tensor.Span<float>()) x *= 8;
        return tensor;
    }
}
