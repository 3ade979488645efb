using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Pooling;

[TestClass]
internal sealed class GlobalLpPoolTests
{
    [TestMethod]
    [DataRow(1L)]
    [DataRow(2L)]
    [DataRow(3L)]
    public void Results_agree_with_peers(long p)
    {
        Node("GlobalLpPool", [Signed(new Random(1), 2, 3, 4, 5)], 1, ("p", p)).AssertAgreesWithPeers();
        Node("GlobalLpPool", [Signed(new Random(2), 2, 3, 7)], 1, ("p", p)).AssertAgreesWithPeers();
        Node("GlobalLpPool", [Signed(new Random(3), 1, 2, 3, 4, 5)], 1, ("p", p)).AssertAgreesWithPeers();
    }

    [TestMethod]
    public void An_input_without_windows_is_refused() => Assert.AreEqual("MOPT2004", Node("GlobalLpPool", [Floats(2, 3)]).InferError());
}
