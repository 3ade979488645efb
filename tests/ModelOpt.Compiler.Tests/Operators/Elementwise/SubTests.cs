namespace ModelOpt.Compiler.Tests.Operators.Elementwise;

[TestClass]
internal sealed class SubTests
{
    [TestMethod]
    public void Every_number_type_and_random_broadcasts_agree_with_ONNX_Runtime() => BroadcastCases.AssertAgree("Sub");

    [TestMethod]
    public void Open_sizes_are_followed()
    {
        Assert.AreEqual(new Shape(N, 3, 4), Node("Sub", [Floats(N, 1, 4), Floats(3, 1)]).Infer().Shape);
        Assert.AreEqual(new Shape(N, 8), Node("Sub", [Floats(1), Floats(N, 8)]).Infer().Shape);
        Assert.AreEqual(new Shape(7), Node("Sub", [Floats(N), Floats(7)]).Infer().Shape);
        Dim m = new(-1, "M");
        Assert.AreEqual(new Shape(Dim.Max(N, m)), Node("Sub", [Floats(N), Floats(m)]).Infer().Shape);
    }

    [TestMethod]
    public void Sizes_are_computed()
    {
        Value sizes = Node("Sub", [Sizes(12, N), Tensor.Vector(4L, 5L)]).Infer();
        CollectionAssert.AreEqual(new Dim[] { 8, new(-1, "(N-5)") }, sizes.ShapeContent!.ToArray());
    }

    [TestMethod]
    public void Of_sizes_that_broadcast_not_every_element_is_followed()
    {
        var column = new Value("column", ElementType.Int64, new Shape(3, 1)) { ShapeContent = [1, 2, 3] };
        Value difference = Node("Sub", [Tensor.Vector(1L, 2, 3), column]).Infer();
        Assert.AreEqual(new Shape(3, 3), difference.Shape);
        Assert.IsNull(difference.ShapeContent);
    }

    [TestMethod]
    public void Misfits_are_diagnosed()
    {
        Assert.AreEqual("MOPT2004", Node("Sub", [Floats(2, 3), Floats(2)]).InferError());
        Assert.AreEqual("MOPT2005", Node("Sub", [Floats(2), Tensor.Vector(1L, 2L)]).InferError());
        Assert.AreEqual("MOPT2003", Node("Sub", [Floats(2), null]).InferError());
    }
}
