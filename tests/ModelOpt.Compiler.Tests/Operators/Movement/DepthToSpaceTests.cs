using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Movement;

[TestClass]
internal sealed class DepthToSpaceTests
{
    [TestMethod]
    [DataRow("DCR", 2)]
    [DataRow("CRD", 2)]
    [DataRow("CRD", 3)]
    [DataRow("DCR", 1)]
    public void Both_modes_agree_with_peers(string mode, int block) =>
        Node("DepthToSpace", [Signed(new Random(1), 2, 3 * block * block, 4, 5)], 1, ("mode", mode), ("blocksize", (long)block))
            .AssertAgreesWithPeers();

    [TestMethod]
    public void An_older_opset_has_one_mode() =>
        Node("DepthToSpace", [Signed(new Random(2), 1, 8, 2, 3)], 1, ("blocksize", 2L)).AssertAgreesWithPeers(opset: 9);

    [TestMethod]
    public void Open_sizes_stay_open()
    {
        Node node = Node("DepthToSpace", [Floats(new Dim(-1, "N"), 8, new Dim(-1, "H"), 3)], 1, ("blocksize", 2L));
        Compiler.Operators.Contract.Operator.Of(node).InferShapes(node);
        Assert.AreEqual("[N, 2, 2*H, 6]", node.Output.Shape!.ToString());
    }

    [TestMethod]
    [DataRow(2, "DCR", "MOPT2004")]
    [DataRow(0, "DCR", "MOPT2002")]
    [DataRow(3, "RCD", "MOPT2002")]
    public void What_does_not_fit_is_told(int block, string mode, string code) => Assert.AreEqual(
        code, Node("DepthToSpace", [Floats(1, 9, 2, 2)], 1, ("mode", mode), ("blocksize", (long)block)).InferError());
}
