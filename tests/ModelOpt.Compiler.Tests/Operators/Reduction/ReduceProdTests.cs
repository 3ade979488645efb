namespace ModelOpt.Compiler.Tests.Operators.Reduction;

[TestClass]
internal sealed class ReduceProdTests
{
    [TestMethod]
    public void Results_agree_with_peers() => ReduceCases.AssertAgree("ReduceProd");

    [TestMethod]
    public void Integers_agree_with_ONNX_Runtime() => ReduceCases.AssertIntegersAgree("ReduceProd");

    [TestMethod]
    public void Known_values() => ReduceCases.OfRows("ReduceProd", 1, -2, 3, 4).AssertGives<float>(-2, 12);

    [TestMethod]
    public void The_elements_of_a_shape_are_counted()
    {
        Value count = Node("ReduceProd", [Sizes(2, 3, 4)]).Infer();
        Assert.AreEqual(24, count.ShapeContent!.Single().Size);
    }

    [TestMethod]
    public void Other_axes_are_refused() => ReduceCases.AssertRefusesOtherAxes("ReduceProd");
}
