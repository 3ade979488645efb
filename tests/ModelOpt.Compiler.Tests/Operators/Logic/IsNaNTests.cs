using ModelOpt.Compiler.Tests.Operators.Elementwise;

namespace ModelOpt.Compiler.Tests.Operators.Logic;

[TestClass]
internal sealed class IsNaNTests
{
    private static Tensor Special => Tensor.Vector(1f, float.NaN, float.PositiveInfinity, float.NegativeInfinity, 0f);

    [TestMethod]
    public void Results_agree_with_peers() => Node("IsNaN", [Special]).AssertAgreesWithPeers();

    [TestMethod]
    public void Known_values() => Node("IsNaN", [Special]).AssertHolds(false, true, false, false, false);

    [TestMethod]
    public void Integers_are_refused() => FunctionCases.AssertRefusesIntegers("IsNaN");
}
