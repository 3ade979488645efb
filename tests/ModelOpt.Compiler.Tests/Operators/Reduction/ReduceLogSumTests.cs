namespace ModelOpt.Compiler.Tests.Operators.Reduction;

[TestClass]
internal sealed class ReduceLogSumTests
{
    [TestMethod]
    public void Results_agree_with_peers() => ReduceCases.AssertAgree("ReduceLogSum", positive: true);

    [TestMethod]
    public void Known_values() => ReduceCases.OfRows("ReduceLogSum", 1, 3, 0.5f, 0.5f).AssertGives<float>(1.3862944f, 0);

    [TestMethod]
    public void Other_axes_are_refused() => ReduceCases.AssertRefusesOtherAxes("ReduceLogSum");
}
