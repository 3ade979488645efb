namespace ModelOpt.Compiler.Tests.Operators.Movement;

[TestClass]
internal sealed class CosineWindowTests
{
    [TestMethod]
    [DataRow("HannWindow")]
    [DataRow("HammingWindow")]
    [DataRow("BlackmanWindow")]
    public void Windows_agree_with_ONNX_Runtime(string type)
    {
        foreach (long periodic in (long[])[0, 1])
        {
            Node(type, [Tensor.Scalar(16L)], 1, ("periodic", periodic)).AssertAgreesWithPeers(fed: 0);
            Node(type, [Tensor.Scalar(25)], 1, ("periodic", periodic), ("output_datatype", 1L)).AssertAgreesWithPeers(fed: 0);
        }
    }

    [TestMethod]
    public void Lengths_and_types_that_do_not_exist_are_refused()
    {
        Assert.AreEqual("MOPT2004", Node("HannWindow", [Tensor.Scalar(-1L)]).InferError());
        Assert.AreEqual("MOPT2004", Node("HannWindow", [Tensor.Vector(1L, 2)]).InferError());
        Assert.AreEqual("MOPT2002", Node("HannWindow", [Tensor.Scalar(4L)], 1, ("output_datatype", 9L)).InferError());
    }
}
