namespace ModelOpt.Compiler.Tests.Operators.Reduction;

[TestClass]
internal sealed class ReduceLogSumExpTests
{
    [TestMethod]
    public void Results_agree_with_peers() => ReduceCases.AssertAgree("ReduceLogSumExp");

    [TestMethod]
    public void Known_values() => ReduceCases.OfRows("ReduceLogSumExp", 0, 0, 1, -1).AssertGives<float>(0.69314718f, 1.126928f);

    [TestMethod]
    public void Great_exponents_do_not_overflow()
    {
        Node great = Node("ReduceLogSumExp", [Tensor.Of<float>([1, 2], [1000, 1000]), Tensor.Vector(1L)]);
        great.AssertGives(1000 + MathF.Log(2));
        great.AssertAgreesWithPeers(opset: 18);
    }

    [TestMethod]
    public void Of_integers_it_is_a_float32_without_its_fraction()
    {
        Tensor x = Tensor.Of<int>([2, 2], [-77, -100, -77, -77]);
        Node("ReduceLogSumExp", [x, Tensor.Vector(1L)]).AssertGives<int>(-77, -76);
    }

    [TestMethod]
    public void Other_axes_are_refused() => ReduceCases.AssertRefusesOtherAxes("ReduceLogSumExp");
}
