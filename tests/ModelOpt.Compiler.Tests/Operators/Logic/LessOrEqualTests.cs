using ModelOpt.Compiler.Tests.Operators.Elementwise;

namespace ModelOpt.Compiler.Tests.Operators.Logic;

[TestClass]
internal sealed class LessOrEqualTests
{
    [TestMethod]
    public void Results_agree_with_peers() => PairCases.AssertComparisonsAgree("LessOrEqual");

    [TestMethod]
    public void Known_values() =>
        Node("LessOrEqual", [Tensor.Vector(1L, 2, 3), Tensor.Scalar(2L)]).AssertHolds(true, true, false);

    [TestMethod]
    public void NaN_compares_with_nothing() =>
        Node("LessOrEqual", [Tensor.Vector(float.NaN, float.NaN), Tensor.Vector(1f, float.NaN)]).AssertHolds(false, false);

    [TestMethod]
    public void Mixed_types_are_refused() => PairCases.AssertRefusesMixedTypes("LessOrEqual");
}
