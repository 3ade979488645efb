namespace ModelOpt.Compiler.Tests.Operators.Reduction;

[TestClass]
internal sealed class ReduceL1Tests
{
    [TestMethod]
    public void Results_agree_with_peers() => ReduceCases.AssertAgree("ReduceL1");

    [TestMethod]
    public void Integers_agree_with_ONNX_Runtime() => ReduceCases.AssertIntegersAgree("ReduceL1");

    [TestMethod]
    public void Known_values() => ReduceCases.OfRows("ReduceL1", 1, -2, 3, 4).AssertGives<float>(3, 7);

    [TestMethod]
    public void Other_axes_are_refused() => ReduceCases.AssertRefusesOtherAxes("ReduceL1");
}
