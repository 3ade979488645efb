namespace ModelOpt.Compiler.Tests.Operators.Recurrent;

[TestClass]
internal sealed class RnnTests
{
    [TestMethod]
    public void Results_agree_with_ONNX_Runtime()
    {
        Tensor x = TestGraph.RandomTensor(1, 5, 2, 3), state = TestGraph.RandomTensor(2, 1, 2, 4);
        Tensor w = TestGraph.RandomTensor(3, 1, 4, 3), r = TestGraph.RandomTensor(4, 1, 4, 4), bias = TestGraph.RandomTensor(5, 1, 8);
        Node("RNN", [x, w, r, bias, Tensor.Vector(3, 5), state], 2, ("direction", "reverse"), ("hidden_size", 4L))
            .AssertAgreesWithPeers(liteRt: false);
    }
}
