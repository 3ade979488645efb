namespace ModelOpt.Compiler.Tests.Operators.Movement;

[TestClass]
internal sealed class UnsqueezeTests
{
    [TestMethod]
    public void Both_forms_agree_with_ONNX_Runtime()
    {
        Tensor x = Random(new Random(1), ElementType.Float32, 3, 2);
        foreach (long[] axes in (long[][])[[0], [2], [-1], [0, 3], [3, 1], [-1, -3]])
            Node("Unsqueeze", [x, Tensor.Vector(axes)]).AssertAgrees();
        Node old = Node("Unsqueeze", [x], 1, ("axes", new long[] { 0, 2 }));
        old.AssertAgrees(opset: 11);
        Assert.IsEmpty(old.Attributes);
    }

    [TestMethod]
    public void Open_sizes_are_followed() =>
        Assert.AreEqual(new Shape(N, 1, 4), Node("Unsqueeze", [Floats(N, 4), Tensor.Vector(1L)]).Infer().Shape);

    [TestMethod]
    public void Misfits_are_diagnosed()
    {
        Assert.AreEqual("MOPT2002", Node("Unsqueeze", [Floats(2), Tensor.Vector(2L)]).InferError());
        Assert.AreEqual("MOPT2002", Node("Unsqueeze", [Floats(2), Tensor.Vector(0L, -3L)]).InferError());
        Assert.AreEqual("MOPT2003", Node("Unsqueeze", [Floats(2)]).InferError());
    }
}
