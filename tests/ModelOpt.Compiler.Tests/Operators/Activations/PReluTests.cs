using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Activations;

[TestClass]
internal sealed class PReluTests
{
    [TestMethod]
    public void Results_agree_with_peers()
    {
        var random = new Random(1);
        foreach (int[] slope in new int[][] { [1], [5], [3, 1, 1], [2, 3, 4, 5], [4, 1] })
            Node("PRelu", [Signed(random, 2, 3, 4, 5), Signed(random, slope)]).AssertAgreesWithPeers();
    }

    [TestMethod]
    public void Misfits_are_diagnosed()
    {
        Assert.AreEqual("MOPT2004", Node("PRelu", [Floats(N, 3), Signed(new Random(1), 4)]).InferError());
        Assert.AreEqual("MOPT2004", Node("PRelu", [Floats(3), Signed(new Random(1), 4, 3)]).InferError());
    }
}
