using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Pooling;

[TestClass]
internal sealed class GlobalMaxPoolTests
{
    [TestMethod]
    public void Results_agree_with_peers()
    {
        Node("GlobalMaxPool", [Signed(new Random(1), 2, 3, 4, 5)]).AssertAgreesWithPeers();
        Node("GlobalMaxPool", [Signed(new Random(2), 2, 3, 7)]).AssertAgreesWithPeers();
        Node("GlobalMaxPool", [Signed(new Random(3), 1, 2, 3, 4, 5)]).AssertAgreesWithPeers();
    }

    [TestMethod]
    public void An_input_without_windows_is_refused() => Assert.AreEqual("MOPT2004", Node("GlobalMaxPool", [Floats(2, 3)]).InferError());
}
