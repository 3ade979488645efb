using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Pooling;

[TestClass]
internal sealed class GlobalAveragePoolTests
{
    [TestMethod]
    public void Means_agree_with_peers()
    {
        var random = new Random(3);
        foreach (int[] dims in new int[][] { [2, 3, 5], [1, 4, 7, 6], [2, 2, 3, 4, 5] })
            Node("GlobalAveragePool", [Signed(random, dims)]).AssertAgreesWithPeers(liteRt: dims.Length < 5);
    }

    [TestMethod]
    public void Shapes_are_inferred()
    {
        Assert.AreEqual(new Shape(N, 5, 1, 1), Node("GlobalAveragePool", [Floats(N, 5, 7, Dim.Unknown)]).Infer().Shape);
        Assert.AreEqual("MOPT2004", Node("GlobalAveragePool", [Floats(N, 5)]).InferError());
    }
}
