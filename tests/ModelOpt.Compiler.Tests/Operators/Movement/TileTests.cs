using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Movement;

[TestClass]
internal sealed class TileTests
{
    [TestMethod]
    public void Results_agree_with_peers()
    {
        Node("Tile", [Signed(new Random(1), 2, 3, 4), Tensor.Vector(1L, 2, 3)]).AssertAgreesWithPeers();
        Node("Tile", [Signed(new Random(2), 2, 3, 4, 1), Tensor.Vector(2L, 1, 1, 5)]).AssertAgreesWithPeers();
        Node("Tile", [Random(new Random(3), ElementType.Int64, 3), Tensor.Vector(2L)]).AssertAgreesWithPeers();
        Node("Tile", [Signed(new Random(4), 2, 3), Tensor.Vector(1L, 1)]).AssertAgreesWithPeers();
    }

    [TestMethod]
    public void An_open_size_is_repeated()
    {
        Node node = Node("Tile", [Floats(new Dim(-1, "N"), new Dim(-1, "W")), Tensor.Vector(1L, 3)]);
        Operator.Of(node).InferShapes(node);
        Assert.AreEqual("[N, 3*W]", node.Output.Shape!.ToString());
    }

    [TestMethod]
    [DataRow(new long[] { 2 })]
    [DataRow(new long[] { 2, -1 })]
    public void Repeats_that_do_not_fit_are_told(long[] repeats) =>
        Assert.AreEqual("MOPT2004", Node("Tile", [Floats(2, 3), Tensor.Vector<long>(repeats)]).InferError());
}
