using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Activations;

[TestClass]
internal sealed class HardSigmoidTests
{
    [TestMethod]
    public void Results_agree_with_peers() => Node("HardSigmoid", [Wide(new Random(1))]).AssertAgreesWithPeers();

    [TestMethod]
    public void Given_coefficients_agree_with_peers() =>
        Node("HardSigmoid", [Wide(new Random(2))], 1, ("alpha", 0.4f), ("beta", 0.6f)).AssertAgreesWithPeers();

    [TestMethod]
    public void The_coefficients_of_MobileNetV3_agree_with_peers() =>
        Node("HardSigmoid", [Wide(new Random(3))], 1, ("alpha", 1f / 6), ("beta", 0.5f)).AssertAgreesWithPeers();

    [TestMethod]
    public void Doubles_are_computed_and_integers_refused()
    {
        Tensor x = Wide(new Random(5));
        ReadOnlySpan<float> single = Node("HardSigmoid", [x]).Run()[0].Span<float>();
        ReadOnlySpan<double> wide = Node("HardSigmoid", [Compiler.Graphs.Casting.To(x, ElementType.Float64)]).Run()[0].Span<double>();
        for (int i = 0; i < single.Length; i++) Assert.AreEqual(wide[i], single[i], 2e-6 * Math.Max(1, Math.Abs(wide[i])));
        Assert.AreEqual("MOPT2005", Node("HardSigmoid", [Tensor.Vector(1, 2)]).InferError());
    }

    /// <summary>Elements from -8 to 8, more than one vector of them.</summary>
    private static Tensor Wide(Random random)
    {
        Tensor tensor = Signed(random, 2, 5, 19);
        foreach (ref float x in tensor.Span<float>()) x *= 8;
        return tensor;
    }

    [TestMethod]
    public void A_scalar_stays_one() => Node("HardSigmoid", [Tensor.Scalar(0.3f)]).AssertAgreesWithPeers();
}
