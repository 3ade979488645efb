using ModelOpt.Compiler.Tests.Operators.Elementwise;

namespace ModelOpt.Compiler.Tests.Operators.Logic;

[TestClass]
internal sealed class IsInfTests
{
    private static Tensor Special => Tensor.Vector(1f, float.NaN, float.PositiveInfinity, float.NegativeInfinity, 0f);

    [TestMethod]
    [DataRow(1L, 1L)]
    [DataRow(1L, 0L)]
    [DataRow(0L, 1L)]
    [DataRow(0L, 0L)]
    public void Signs_that_count_agree_with_peers(long positive, long negative)
    {
        Node node = Node("IsInf", [Special], 1, ("detect_positive", positive), ("detect_negative", negative));
        node.AssertAgreesWithPeers();
        node.AssertHolds(false, false, positive == 1, negative == 1, false);
    }

    [TestMethod]
    public void Both_signs_count_where_none_is_named()
    {
        Node("IsInf", [Special]).AssertAgreesWithPeers();
        Node("IsInf", [Special]).AssertHolds(false, false, true, true, false);
    }

    [TestMethod]
    public void Integers_are_refused() => FunctionCases.AssertRefusesIntegers("IsInf");
}
