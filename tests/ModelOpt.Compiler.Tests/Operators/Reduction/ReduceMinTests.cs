namespace ModelOpt.Compiler.Tests.Operators.Reduction;

[TestClass]
internal sealed class ReduceMinTests
{
    [TestMethod]
    public void Results_agree_with_peers() => ReduceCases.AssertAgree("ReduceMin");

    [TestMethod]
    public void Integers_agree_with_ONNX_Runtime() => ReduceCases.AssertIntegersAgree("ReduceMin");

    [TestMethod]
    public void Known_values() => ReduceCases.OfRows("ReduceMin", 1, -2, 3, 4).AssertGives<float>(-2, 3);

    [TestMethod]
    public void Other_axes_are_refused() => ReduceCases.AssertRefusesOtherAxes("ReduceMin");
}
