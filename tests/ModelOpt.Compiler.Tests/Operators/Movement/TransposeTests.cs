namespace ModelOpt.Compiler.Tests.Operators.Movement;

[TestClass]
internal sealed class TransposeTests
{
    [TestMethod]
    public void Random_permutations_of_every_element_size_agree_with_ONNX_Runtime()
    {
        var random = new Random(5);
        ElementType[] types = [ElementType.Float32, ElementType.UInt8, ElementType.Float16, ElementType.Int64, ElementType.Bool];
        for (int i = 0; i < 30; i++)
        {
            int[] dims = RandomDims(random, 1, 5);
            long[] perm = [.. Enumerable.Range(0, dims.Length).Select(a => (long)a)];
            random.Shuffle(perm);
            Node("Transpose", [Random(random, types[i % types.Length], dims)], 1, ("perm", perm)).AssertAgrees();
        }

        Node("Transpose", [Random(random, ElementType.Float32, 2, 3, 4)]).AssertAgrees();
    }

    [TestMethod]
    public void Open_sizes_are_followed() =>
        Assert.AreEqual(new Shape(3, N), Node("Transpose", [Floats(N, 3)]).Infer().Shape);

    [TestMethod]
    public void Misfits_are_diagnosed()
    {
        foreach (long[] perm in (long[][])[[0], [0, 0], [0, 2]])
            Assert.AreEqual("MOPT2002", Node("Transpose", [Floats(2, 3)], 1, ("perm", perm)).InferError());
    }
}
