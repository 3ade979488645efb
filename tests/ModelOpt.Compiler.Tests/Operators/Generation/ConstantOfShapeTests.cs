namespace ModelOpt.Compiler.Tests.Operators.Generation;

[TestClass]
internal sealed class ConstantOfShapeTests
{
    [TestMethod]
    public void Every_element_is_the_value_as_in_ONNX_Runtime()
    {
        Node("ConstantOfShape", [Tensor.Vector(2L, 3L)]).AssertAgrees();
        Node("ConstantOfShape", [Tensor.Vector(4L)], 1, ("value", Tensor.Vector(-7L))).AssertAgrees();
        Node("ConstantOfShape", [Tensor.Vector(2L, 0L)], 1, ("value", Tensor.Vector<byte>(9))).AssertAgrees();
    }

    [TestMethod]
    public void Sizes_are_followed()
    {
        Assert.AreEqual(new Shape(N, 3), Node("ConstantOfShape", [Sizes(N, 3)]).Infer().Shape);
        Value ones = Node("ConstantOfShape", [Tensor.Vector(2L)], 1, ("value", Tensor.Vector(1L))).Infer();
        CollectionAssert.AreEqual(new Dim[] { 1, 1 }, ones.ShapeContent!.ToArray());
    }

    [TestMethod]
    public void An_open_batch_is_filled()
    {
        foreach (Tensor value in (Tensor[])[Tensor.Vector(0.5f), Tensor.Vector(7L)])
        {
            var graph = new TestGraph();
            Value x = graph.Input("x", value.Type, -1, 3, 2);
            Value filled = graph.Add("ConstantOfShape", [graph.Add("Shape", x)], ("value", value));
            graph.Output(graph.Add("Add", x, filled));
            StringAssert.EndsWith(graph.AssertLowers(), "ADD ADD");
        }
    }

    [TestMethod]
    public void Misfits_are_diagnosed()
    {
        Assert.AreEqual("MOPT2004", Node("ConstantOfShape", [Tensor.Vector(-2L)]).InferError());
        Assert.AreEqual("MOPT2002", Node("ConstantOfShape", [Tensor.Vector(2L)], 1, ("value", Tensor.Vector(1f, 2f))).InferError());
    }

    [TestMethod]
    public void A_computed_shape_agrees_with_ONNX_Runtime()
    {
        Node("ConstantOfShape", [Tensor.Vector(2L, 3L)], 1, ("value", Tensor.Vector(2.5f))).AssertAgreesWithPeers(liteRt: false);
        Node("ConstantOfShape", [Tensor.Vector(4L)], 1, ("value", Tensor.Vector(-7L))).AssertAgreesWithPeers(liteRt: false);
    }
}
