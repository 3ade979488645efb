namespace ModelOpt.Compiler.Tests.Operators.Movement;

[TestClass]
internal sealed class ConcatTests
{
    [TestMethod]
    public void Random_pieces_of_every_type_agree_with_ONNX_Runtime()
    {
        var random = new Random(3);
        ElementType[] types = [ElementType.Float32, ElementType.Int64, ElementType.UInt8, ElementType.Float16, ElementType.Bool];
        for (int i = 0; i < 40; i++)
        {
            int[] dims = RandomDims(random, 1, 4);
            int axis = random.Next(dims.Length);
            var parts = new object[random.Next(1, 5)];
            for (int p = 0; p < parts.Length; p++)
            {
                dims[axis] = random.Next(0, 4);
                parts[p] = Random(random, types[i % types.Length], dims);
            }

            Node("Concat", parts, 1, ("axis", (long)(i % 2 == 0 ? axis : axis - dims.Length))).AssertAgrees();
        }
    }

    [TestMethod]
    public void Open_sizes_are_followed()
    {
        Assert.AreEqual(new Shape(N, 7), Node("Concat", [Floats(N, 3), Floats(N, 4)], 1, ("axis", 1L)).Infer().Shape);
        Assert.AreEqual(new Shape(2, 7), Node("Concat", [Floats(N, 3), Floats(2, 4)], 1, ("axis", 1L)).Infer().Shape);
        Value y = Node("Concat", [Sizes(N), Tensor.Vector(-1L)], 1, ("axis", 0L)).Infer();
        Assert.AreEqual(new Shape(2), y.Shape);
        Assert.AreEqual(N, y.ShapeContent![0]);
    }

    [TestMethod]
    public void Misfits_are_diagnosed()
    {
        Assert.AreEqual("MOPT2004", Node("Concat", [Floats(2, 3), Floats(3, 3)], 1, ("axis", 1L)).InferError());
        Assert.AreEqual("MOPT2004", Node("Concat", [Floats(2, 3), Floats(3)], 1, ("axis", 1L)).InferError());
        Assert.AreEqual("MOPT2005", Node("Concat", [Floats(2), Tensor.Vector(1L)], 1, ("axis", 0L)).InferError());
        Assert.AreEqual("MOPT2002", Node("Concat", [Floats(2)], 1, ("axis", 1L)).InferError());
        Assert.AreEqual("MOPT2002", Node("Concat", [Floats(2)]).InferError());
    }
}
