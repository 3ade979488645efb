namespace ModelOpt.Compiler.Tests.Operators.Selection;

[TestClass]
internal sealed class OneHotTests
{
    [TestMethod]
    public void Results_agree_with_peers()
    {
        Tensor indices = Tensor.Of<long>([2, 3], [0, -1, 3, 7, 2, -9]), values = Tensor.Vector(-2f, 5f);
        Node("OneHot", [indices, Tensor.Scalar(4L), values]).AssertAgreesWithPeers();
        Node("OneHot", [indices, Tensor.Scalar(4L), values], 1, ("axis", 1L)).AssertAgreesWithPeers();
    }

    [TestMethod]
    public void A_fraction_is_cut_off_before_an_index_counts_from_the_back() =>
        Node("OneHot", [Tensor.Vector(-0.5f, 1.9f, -1.5f), Tensor.Scalar(3L), Tensor.Vector(-2f, 5f)]).AssertModelGives(
            opset: 13, 5, -2, -2, -2, 5, -2, -2, -2, 5);

    [TestMethod]
    public void Indices_that_int32_does_not_hold_say_nowhere()
    {
        Tensor depth = Tensor.Scalar(2L), values = Tensor.Vector(0f, 1f);
        Node("OneHot", [Tensor.Vector((1L << 32) + 1, -(1L << 32), 1, -2, -3), depth, values]).AssertModelGives(
            opset: 13, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0);
        Node("OneHot", [Tensor.Vector(1e20f, -1e20f, 0), depth, values]).AssertModelGives(opset: 13, 0, 0, 0, 0, 1, 0);
        Node("OneHot", [Tensor.Vector(uint.MaxValue, 1u), depth, values]).AssertModelGives(opset: 13, 0, 0, 0, 1);
        Node("OneHot", [Tensor.Vector(ulong.MaxValue, 1ul), depth, values]).AssertModelGives(opset: 13, liteRt: false, 0f, 0, 0, 1);
    }
}
