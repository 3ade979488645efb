namespace ModelOpt.Compiler.Tests.Operators.Movement;

[TestClass]
internal sealed class BlockOperatorTests
{
    [TestMethod]
    [DataRow("DepthToSpace")]
    [DataRow("SpaceToDepth")]
    public void Anything_but_images_is_refused(string type) =>
        Assert.AreEqual("MOPT2004", Node(type, [Floats(4, 4, 4)], 1, ("blocksize", 2L)).InferError());
}
