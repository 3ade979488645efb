using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Movement;

[TestClass]
internal sealed class SpaceToDepthTests
{
    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    [DataRow(3)]
    public void Results_agree_with_peers(int block) =>
        Node("SpaceToDepth", [Signed(new Random(1), 2, 3, 4 * block, 5 * block)], 1, ("blocksize", (long)block)).AssertAgreesWithPeers();

    [TestMethod]
    public void Sizes_that_do_not_fit_are_told() =>
        Assert.AreEqual("MOPT2004", Node("SpaceToDepth", [Floats(1, 3, 4, 5)], 1, ("blocksize", 2L)).InferError());
}
