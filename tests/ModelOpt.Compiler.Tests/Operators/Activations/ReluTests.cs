using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Activations;

[TestClass]
internal sealed class ReluTests
{
    [TestMethod]
    public void Results_agree_with_peers() => Node("Relu", [Signed(new Random(1), 2, 3, 37)]).AssertAgreesWithPeers();

    [TestMethod]
    [DataRow(ElementType.Float64)]
    [DataRow(ElementType.Int32)]
    [DataRow(ElementType.Int8)]
    public void Other_types_are_computed(ElementType type)
    {
        Tensor x = Tensor.Vector(-3f, 0, 5);
        Node("Relu", [Compiler.Graphs.Casting.To(x, type)]).AssertAgrees();
    }

    [TestMethod]
    public void Zeros_and_NaN_are_kept()
    {
        Tensor y = Node("Relu", [Tensor.Vector(-0f, float.NaN, float.NegativeInfinity, float.PositiveInfinity)]).Run()[0];
        CollectionAssert.AreEqual(new[] { 0, float.NaN, 0, float.PositiveInfinity }, y.Span<float>().ToArray());
    }

    [TestMethod]
    public void Integers_are_limited_too()
    {
        Node("Relu", [Tensor.Vector<sbyte>(-128, 0, 127)]).AssertAgreesWithPeers();
        Node("Relu", [Tensor.Vector<int>(-70000, 5)]).AssertAgreesWithPeers();
    }
}
