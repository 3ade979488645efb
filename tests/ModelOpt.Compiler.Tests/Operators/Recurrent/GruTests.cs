namespace ModelOpt.Compiler.Tests.Operators.Recurrent;

[TestClass]
internal sealed class GruTests
{
    [TestMethod]
    [DataRow(0L)]
    [DataRow(1L)]
    public void Results_agree_with_ONNX_Runtime(long reset)
    {
        Tensor x = TestGraph.RandomTensor(1, 5, 2, 3), state = TestGraph.RandomTensor(2, 1, 2, 4);
        Tensor w = TestGraph.RandomTensor(3, 1, 12, 3), r = TestGraph.RandomTensor(4, 1, 12, 4), bias = TestGraph.RandomTensor(5, 1, 24);
        Node("GRU", [x, w, r, bias, Tensor.Vector(3, 5), state], 2, ("direction", "reverse"), ("hidden_size", 4L),
            ("linear_before_reset", reset))
            .AssertAgreesWithPeers(liteRt: false);
    }
}
