namespace ModelOpt.Compiler.Tests.Operators.Movement;

[TestClass]
internal sealed class SplitTests
{
    private static Tensor X => Random(new Random(1), ElementType.Float32, 3, 6, 2);

    [TestMethod]
    public void All_three_forms_agree_with_ONNX_Runtime()
    {
        Node("Split", [X], 3, ("axis", 1L)).AssertAgrees();
        Node("Split", [X, Tensor.Vector(1L, 3L, 0L, 2L)], 4, ("axis", -2L)).AssertAgrees();
        Node old = Node("Split", [X], 2, ("axis", 1L), ("split", new long[] { 2, 4 }));
        old.AssertAgrees(opset: 11);
        Assert.IsFalse(old.Attributes.ContainsKey("split"));
        Node uneven = Node("Split", [X], 2, ("num_outputs", 2L));
        uneven.AssertAgrees(opset: 18);
        // The graph's opset knows no smaller last piece: the sizes are written out.
        CollectionAssert.AreEqual(new long[] { 2, 1 }, uneven.Input(1).Constant!.ToInt64s());
        Node even = Node("Split", [X], 3, ("num_outputs", 3L));
        even.AssertAgrees(opset: 18);
        Assert.HasCount(1, even.Inputs);
    }

    [TestMethod]
    public void Open_sizes_are_followed()
    {
        Node node = Node("Split", [Floats(N, 6)], 2, ("axis", 1L));
        node.Infer();
        Assert.AreEqual(new Shape(N, 3), node.Outputs[1]!.Shape);
        Assert.AreEqual(new Shape(new Dim(-1, "N"), 6), Node("Split", [Floats(new Dim(-1, "2*N"), 6)], 2).Infer().Shape);
        Node sizes = Node("Split", [Sizes(N, 3, 4), Tensor.Vector(1L, 2L)], 2);
        sizes.Infer();
        CollectionAssert.AreEqual(new Dim[] { 3, 4 }, sizes.Outputs[1]!.ShapeContent!.ToArray());
    }

    [TestMethod]
    public void Misfits_are_diagnosed()
    {
        Assert.AreEqual("MOPT2004", Node("Split", [Floats(6), Tensor.Vector(1L, 2L)], 2).InferError());
        Assert.AreEqual("MOPT2004", Node("Split", [Floats(6), Tensor.Vector(6L)], 2).InferError());
        Assert.AreEqual("MOPT2004", Node("Split", [Floats(6), Tensor.Vector(-1L, 7L)], 2).InferError());
        Assert.AreEqual("MOPT2002", Node("Split", [Floats(6)], 2, ("axis", 1L)).InferError());
        Assert.AreEqual("MOPT2006", Node("Split", [Floats(6), new Value("s", ElementType.Int64, new Shape(2))], 2).InferError());
    }
}
