using ModelOpt.Compiler.Tests.Operators.Elementwise;

namespace ModelOpt.Compiler.Tests.Operators.Logic;

[TestClass]
internal sealed class NotTests
{
    [TestMethod]
    public void Results_agree_with_peers() => Node("Not", [PairCases.Bools(1, 0, 0, 1)]).AssertAgreesWithPeers();

    [TestMethod]
    public void Known_values() => Node("Not", [PairCases.Bools(1, 0)]).AssertHolds(false, true);
}
