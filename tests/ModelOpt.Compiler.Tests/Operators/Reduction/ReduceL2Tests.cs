namespace ModelOpt.Compiler.Tests.Operators.Reduction;

[TestClass]
internal sealed class ReduceL2Tests
{
    [TestMethod]
    public void Results_agree_with_peers() => ReduceCases.AssertAgree("ReduceL2");

    [TestMethod]
    public void Known_values() => ReduceCases.OfRows("ReduceL2", 3, -4, 6, 8).AssertGives<float>(5, 10);

    [TestMethod]
    public void A_sum_of_squares_ends_where_float32_does()
    {
        Node("ReduceL2", [Tensor.Vector(3e20f)]).AssertModelGives(opset: 18, float.PositiveInfinity);
        Node("ReduceL2", [Tensor.Vector(3e20)]).AssertGives(3e20);
    }

    [TestMethod]
    public void Sums_of_small_integers_do_not_wrap()
    {
        Node("ReduceL2", [Tensor.Vector<byte>(30, 40)]).AssertModelGives<byte>(opset: 18, liteRt: true, 50);
        Node("ReduceL2", [Tensor.Vector(60_000, 80_000)]).AssertModelGives(opset: 18, liteRt: true, 100_000);
        Node("ReduceLogSum", [Tensor.Vector<byte>(200, 250)]).AssertModelGives<byte>(opset: 18, liteRt: true, 6);
    }

    [TestMethod]
    public void Other_axes_are_refused() => ReduceCases.AssertRefusesOtherAxes("ReduceL2");
}
