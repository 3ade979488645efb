
namespace ModelOpt.Compiler.Tests.Operators.Reduction;

[TestClass]
internal sealed class ReduceL2Tests
{
    [TestMethod]
    public void Results_agree_with_peers() => ReduceCases.AssertAgree("ReduceL2");

    [TestMethod]
    public void Known_values() => ReduceCases.OfRows("ReduceL2", 3, -4, 6, 8).AssertGives<float>(5, 10);

    [TestMethod]
    public void Other_axes_are_refused() => ReduceCases.AssertRefusesOtherAxes("ReduceL2");
}
