namespace ModelOpt.Compiler.Tests.Operators.Elementwise;

[TestClass]
internal sealed class MulTests
{
    [TestMethod]
    public void Every_number_type_and_random_broadcasts_agree_with_ONNX_Runtime() => BroadcastCases.AssertAgree("Mul");

    [TestMethod]
    public void Open_sizes_are_followed()
    {
        Assert.AreEqual(new Shape(N, 3, 4), Node("Mul", [Floats(N, 1, 4), Floats(3, 1)]).Infer().Shape);
        Assert.AreEqual(new Shape(N, 8), Node("Mul", [Floats(1), Floats(N, 8)]).Infer().Shape);
        Assert.AreEqual(new Shape(7), Node("Mul", [Floats(N), Floats(7)]).Infer().Shape);
        Dim m = new(-1, "M");
        Assert.AreEqual(new Shape(Dim.Max(N, m)), Node("Mul", [Floats(N), Floats(m)]).Infer().Shape);
    }

    [TestMethod]
    public void Sizes_are_computed()
    {
        Value sizes = Node("Mul", [Sizes(12, N), Tensor.Vector(4L, 5L)]).Infer();
        CollectionAssert.AreEqual(new Dim[] { 48, new(-1, "5*N") }, sizes.ShapeContent!.ToArray());
    }

    [TestMethod]
    public void Misfits_are_diagnosed()
    {
        Assert.AreEqual("MOPT2004", Node("Mul", [Floats(2, 3), Floats(2)]).InferError());
        Assert.AreEqual("MOPT2005", Node("Mul", [Floats(2), Tensor.Vector(1L, 2L)]).InferError());
        Assert.AreEqual("MOPT2003", Node("Mul", [Floats(2), null]).InferError());
    }

    [TestMethod]
    public void The_share_of_a_Mean_follows_the_type_of_what_it_is_of()
    {
        Node node = Node("Mul", [Tensor.Vector(1.0, 3.0), Tensor.Scalar(0.5f)]);
        CollectionAssert.AreEqual(new[] { 0.5, 1.5 }, node.Run()[0].Span<double>().ToArray());
    }
}
