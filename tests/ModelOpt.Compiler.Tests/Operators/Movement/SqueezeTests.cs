namespace ModelOpt.Compiler.Tests.Operators.Movement;

[TestClass]
internal sealed class SqueezeTests
{
    [TestMethod]
    public void Both_forms_agree_with_ONNX_Runtime()
    {
        Tensor x = Random(new Random(1), ElementType.Float32, 1, 3, 1, 2);
        Node("Squeeze", [x]).AssertAgrees();
        Node("Squeeze", [x, Tensor.Vector(-2L)]).AssertAgrees();
        Node old = Node("Squeeze", [x], 1, ("axes", new long[] { 0, 2 }));
        old.AssertAgrees(opset: 11);
        Assert.IsEmpty(old.Attributes);
    }

    [TestMethod]
    public void Open_sizes_and_sizes_as_data_are_followed()
    {
        Assert.AreEqual(new Shape(N, 4), Node("Squeeze", [Floats(N, 4, 1, 1), Tensor.Vector(2L, 3L)]).Infer().Shape);
        Assert.AreEqual(N, Node("Squeeze", [Sizes(N)]).Infer().ShapeContent!.Single());
    }

    [TestMethod]
    public void Misfits_are_diagnosed()
    {
        Assert.AreEqual("MOPT2004", Node("Squeeze", [Floats(2, 1), Tensor.Vector(0L)]).InferError());
        Assert.AreEqual("MOPT2002", Node("Squeeze", [Floats(2, 1), Tensor.Vector(2L)]).InferError());
        Assert.AreEqual("MOPT2006", Node("Squeeze", [Floats(N, 1)]).InferError());
        Assert.AreEqual("MOPT2006", Node("Squeeze", [Floats(1), new Value("a", ElementType.Int64, new Shape(1))]).InferError());
    }
}
