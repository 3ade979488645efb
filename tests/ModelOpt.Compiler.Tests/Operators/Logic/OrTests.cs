using ModelOpt.Compiler.Tests.Operators.Elementwise;

namespace ModelOpt.Compiler.Tests.Operators.Logic;

[TestClass]
internal sealed class OrTests
{
    [TestMethod]
    public void Results_agree_with_peers() => PairCases.AssertBoolsAgree("Or");

    [TestMethod]
    public void Known_values() => PairCases.OfAllBools("Or").AssertHolds(false, true, true, true);

    [TestMethod]
    public void Mixed_types_are_refused() => PairCases.AssertRefusesMixedTypes("Or");
}
