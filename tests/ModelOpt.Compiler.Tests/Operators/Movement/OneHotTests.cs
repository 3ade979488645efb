using ModelOpt.Compiler.Graphs;
using static ModelOpt.Compiler.Tests.Operators.OperatorTesting;

namespace ModelOpt.Compiler.Tests.Operators.Movement;

[TestClass]
internal sealed class OneHotTests
{
    [TestMethod]
    public void Results_agree_with_peers()
    {
        Tensor indices = Tensor.Of<long>([2, 3], [0, -1, 3, 7, 2, -9]), values = Tensor.Vector(-2f, 5f);
        Node("OneHot", [indices, Tensor.Scalar(4L), values]).AssertAgreesWithPeers();
        Node("OneHot", [indices, Tensor.Scalar(4L), values], 1, ("axis", 1L)).AssertAgreesWithPeers();
    }
}
