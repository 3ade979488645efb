namespace ModelOpt.Compiler.Tests.Operators.Selection;

[TestClass]
internal sealed class GatherTests
{
    [TestMethod]
    public void Random_indices_agree_with_ONNX_Runtime()
    {
        var random = new Random(9);
        ElementType[] types = [ElementType.Float32, ElementType.UInt8, ElementType.Float16, ElementType.Int64];
        for (int i = 0; i < 40; i++)
        {
            int[] dims = RandomDims(random, 1, 4);
            int axis = random.Next(dims.Length);
            int[] shape = RandomDims(random, 0, 2);
            Tensor indices = Tensor.Zeros(ElementType.Int64, shape);
            foreach (ref long index in indices.Span<long>()) index = random.Next(-dims[axis], dims[axis]);
            object given = i % 3 == 0 ? ModelOpt.Compiler.Graphs.Casting.To(indices, ElementType.Int32) : indices;
            Node("Gather", [Random(random, types[i % types.Length], dims), given], 1, ("axis", (long)axis)).AssertAgrees();
        }
    }

    [TestMethod]
    public void Open_sizes_and_sizes_as_data_are_followed()
    {
        Assert.AreEqual(
            new Shape(N, 2, 5), Node("Gather", [Floats(N, 4, 5), Tensor.Vector(0L, 3L)], 1, ("axis", 1L)).Infer().Shape);
        Assert.AreEqual(new Shape(N, 5), Node("Gather", [Floats(N, 4, 5), Tensor.Scalar(0L)], 1, ("axis", 1L)).Infer().Shape);
        CollectionAssert.AreEqual(
            new[] { 4, N }, Node("Gather", [Sizes(N, 3, 4), Tensor.Vector(-1L, 0L)]).Infer().ShapeContent!.ToArray());
    }

    /// <summary>TFLite's operator takes indices from the front only.</summary>
    [TestMethod]
    public void Computed_indices_may_be_negative()
    {
        Tensor data = Random(new Random(2), ElementType.Float32, 3, 4, 2);
        Tensor indices = Tensor.Of<long>([2, 3], [-1, 0, -4, 3, 1, -2]);
        Node("Gather", [data, indices], 1, ("axis", 1L)).AssertAgreesWithPeers(fed: 2);
        Node("Gather", [data, ModelOpt.Compiler.Graphs.Casting.To(indices, ElementType.Int32)], 1, ("axis", -2L))
            .AssertAgreesWithPeers(fed: 2);
        Node("Gather", [data, Tensor.Scalar(-3L)], 1, ("axis", 0L)).AssertAgreesWithPeers(fed: 2);
    }

    [TestMethod]
    public void Misfits_are_diagnosed()
    {
        Assert.AreEqual("MOPT2002", Node("Gather", [Floats(4), Tensor.Vector(0L)], 1, ("axis", 1L)).InferError());
        Assert.AreEqual("MOPT2004", Node("Gather", [Sizes(N), Tensor.Vector(1L)]).InferError());
        CompilationException outside = Assert.ThrowsExactly<CompilationException>(
            () => Node("Gather", [Tensor.Vector(1f, 2f), Tensor.Vector(-3L)]).Run());
        StringAssert.Contains(outside.Diagnostic.Text, "index -3 is outside an axis of size 2");
    }

    [TestMethod]
    public void Indices_that_are_computed_may_count_from_the_end() =>
        Node("Gather", [Tensor.Vector(1f, 2, 3), Tensor.Vector(-1L, 0, -3)]).AssertAgreesWithPeers(2, liteRt: false);
}
