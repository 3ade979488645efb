namespace ModelOpt.Compiler.Tests.Operators.Normalization;

[TestClass]
internal sealed class HardmaxTests
{
    [TestMethod]
    public void Any_axis_and_the_older_form_agree_with_peers() => AxisCases.AssertAgree("Hardmax");

    [TestMethod]
    public void Of_equal_elements_it_is_the_first()
    {
        Node("Hardmax", [Tensor.Vector(1f, 3, 3)]).AssertGives<float>(0, 1, 0);
        Node("Hardmax", [Tensor.Of<float>([2, 2], [1, 5, 2, 4])], 1, ("axis", 0L)).AssertGives<float>(0, 1, 1, 0);
    }

    [TestMethod]
    public void Misfits_are_diagnosed()
    {
        Assert.AreEqual("MOPT2002", Node("Hardmax", [Floats(N, 3)], 1, ("axis", 2L)).InferError());
        Assert.AreEqual("MOPT2005", Node("Hardmax", [Tensor.Vector(1, 2)]).InferError());
    }
}
