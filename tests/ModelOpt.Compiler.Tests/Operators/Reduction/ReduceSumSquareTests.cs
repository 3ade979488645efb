namespace ModelOpt.Compiler.Tests.Operators.Reduction;

[TestClass]
internal sealed class ReduceSumSquareTests
{
    [TestMethod]
    public void Results_agree_with_peers() => ReduceCases.AssertAgree("ReduceSumSquare");

    [TestMethod]
    public void Integers_agree_with_ONNX_Runtime() => ReduceCases.AssertIntegersAgree("ReduceSumSquare");

    [TestMethod]
    public void Known_values() => ReduceCases.OfRows("ReduceSumSquare", 1, -2, 3, 4).AssertGives<float>(5, 25);

    [TestMethod]
    public void Other_axes_are_refused() => ReduceCases.AssertRefusesOtherAxes("ReduceSumSquare");
}
