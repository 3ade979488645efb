using ModelOpt.Compiler.Tests.Operators;
using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Onnx.Rewrites;

[TestClass]
internal sealed class NegativeLogLikelihoodTests
{
    [TestMethod]
    [DataRow("NegativeLogLikelihoodLoss", "none")]
    [DataRow("NegativeLogLikelihoodLoss", "mean")]
    [DataRow("SoftmaxCrossEntropyLoss", "sum")]
    [DataRow("SoftmaxCrossEntropyLoss", "mean")]
    public void Results_agree_with_peers(string type, string reduction)
    {
        Tensor x = Signed(new Random(1), 3, 5, 2), classes = Tensor.Of<long>([3, 2], [0, 4, 2, 2, 1, 3]);
        Tensor weights = Tensor.Vector(0.5f, 1, 2, 0.25f, 3);
        Node(type, [x, classes], 1, ("reduction", reduction)).AssertAgreesWithPeers();
        Node(type, [x, classes, weights], 1, ("reduction", reduction)).AssertAgreesWithPeers();
        Node(type, [x, classes, weights], 1, ("reduction", reduction), ("ignore_index", 2L)).AssertAgreesWithPeers();
    }
}
