namespace ModelOpt.Compiler.Tests.Operators.Reduction;

[TestClass]
internal sealed class ArgMinTests
{
    [TestMethod]
    public void Results_agree_with_peers() => ArgCases.AssertAgree("ArgMin");

    [TestMethod]
    public void Of_equal_elements_it_is_the_first_or_the_last()
    {
        Tensor x = Tensor.Vector(5f, 7, 7, 5, 6);
        Node("ArgMin", [x]).AssertGives(0L);
        Node("ArgMin", [x], 1, ("select_last_index", 1L)).AssertGives(3L);
    }

    [TestMethod]
    public void Known_values() =>
        Node("ArgMin", [Tensor.Of<int>([2, 3], [4, -2, 9, 8, 5, 6])], 1, ("axis", 1L)).AssertGives(1L, 1);

    [TestMethod]
    public void Of_what_is_no_number_it_agrees_with_peers() => ArgCases.AssertAgreeOnNaN("ArgMin");

    [TestMethod]
    public void Other_axes_are_refused() => ArgCases.AssertRefusesOtherAxes("ArgMin");
}
