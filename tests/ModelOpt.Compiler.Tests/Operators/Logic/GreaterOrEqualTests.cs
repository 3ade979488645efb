using ModelOpt.Compiler.Tests.Operators.Elementwise;

namespace ModelOpt.Compiler.Tests.Operators.Logic;

[TestClass]
internal sealed class GreaterOrEqualTests
{
    [TestMethod]
    public void Results_agree_with_peers() => PairCases.AssertComparisonsAgree("GreaterOrEqual");

    [TestMethod]
    public void Known_values() =>
        Node("GreaterOrEqual", [Tensor.Vector(1L, 2, 3), Tensor.Scalar(2L)]).AssertHolds(false, true, true);

    [TestMethod]
    public void NaN_compares_with_nothing() =>
        Node("GreaterOrEqual", [Tensor.Vector(float.NaN, float.NaN), Tensor.Vector(1f, float.NaN)]).AssertHolds(false, false);

    [TestMethod]
    public void Mixed_types_are_refused() => PairCases.AssertRefusesMixedTypes("GreaterOrEqual");
}
