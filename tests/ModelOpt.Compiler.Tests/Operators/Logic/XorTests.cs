using ModelOpt.Compiler.Tests.Operators.Elementwise;

namespace ModelOpt.Compiler.Tests.Operators.Logic;

[TestClass]
internal sealed class XorTests
{
    [TestMethod]
    public void Results_agree_with_peers() => PairCases.AssertBoolsAgree("Xor");

    [TestMethod]
    public void Known_values() => PairCases.OfAllBools("Xor").AssertHolds(false, true, true, false);

    [TestMethod]
    public void Mixed_types_are_refused() => PairCases.AssertRefusesMixedTypes("Xor");
}
