namespace ModelOpt.Compiler.Tests.Operators.Generation;

[TestClass]
internal sealed class CosineWindowTests
{
    [TestMethod]
    public void Lengths_and_types_that_do_not_exist_are_refused()
    {
        Assert.AreEqual("MOPT2004", Node("HannWindow", [Tensor.Scalar(-1L)]).InferError());
        Assert.AreEqual("MOPT2004", Node("HannWindow", [Tensor.Vector(1L, 2)]).InferError());
        Assert.AreEqual("MOPT2002", Node("HannWindow", [Tensor.Scalar(4L)], 1, ("output_datatype", 9L)).InferError());
    }
}
