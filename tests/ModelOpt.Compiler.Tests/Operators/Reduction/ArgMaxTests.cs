namespace ModelOpt.Compiler.Tests.Operators.Reduction;

[TestClass]
internal sealed class ArgMaxTests
{
    [TestMethod]
    public void Results_agree_with_peers() => ArgCases.AssertAgree("ArgMax");

    [TestMethod]
    public void Of_equal_elements_it_is_the_first_or_the_last()
    {
        Tensor x = Tensor.Vector(5f, 7, 7, 5, 6);
        Node("ArgMax", [x]).AssertGives(1L);
        Node("ArgMax", [x], 1, ("select_last_index", 1L)).AssertGives(2L);
    }

    [TestMethod]
    public void Known_values() =>
        Node("ArgMax", [Tensor.Of<int>([2, 3], [4, -2, 9, 8, 5, 6])], 1, ("axis", 1L)).AssertGives(2L, 0);

    [TestMethod]
    public void Of_what_is_no_number_it_agrees_with_peers() => ArgCases.AssertAgreeOnNaN("ArgMax");

    [TestMethod]
    public void Other_axes_are_refused() => ArgCases.AssertRefusesOtherAxes("ArgMax");
}
