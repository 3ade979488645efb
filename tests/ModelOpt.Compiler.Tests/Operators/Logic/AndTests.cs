using ModelOpt.Compiler.Tests.Operators.Elementwise;

namespace ModelOpt.Compiler.Tests.Operators.Logic;

[TestClass]
internal sealed class AndTests
{
    [TestMethod]
    public void Results_agree_with_peers() => PairCases.AssertBoolsAgree("And");

    [TestMethod]
    public void Known_values() => PairCases.OfAllBools("And").AssertHolds(false, false, false, true);

    [TestMethod]
    public void Mixed_types_are_refused() => PairCases.AssertRefusesMixedTypes("And");
}
