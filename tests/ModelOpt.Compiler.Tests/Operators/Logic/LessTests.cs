using ModelOpt.Compiler.Tests.Operators.Elementwise;

namespace ModelOpt.Compiler.Tests.Operators.Logic;

[TestClass]
internal sealed class LessTests
{
    [TestMethod]
    public void Results_agree_with_peers() => PairCases.AssertComparisonsAgree("Less");

    [TestMethod]
    public void Known_values() => Node("Less", [Tensor.Vector(1L, 2, 3), Tensor.Scalar(2L)]).AssertHolds(true, false, false);

    [TestMethod]
    public void NaN_compares_with_nothing() =>
        Node("Less", [Tensor.Vector(float.NaN, float.NaN), Tensor.Vector(1f, float.NaN)]).AssertHolds(false, false);

    [TestMethod]
    public void Mixed_types_are_refused() => PairCases.AssertRefusesMixedTypes("Less");
}
