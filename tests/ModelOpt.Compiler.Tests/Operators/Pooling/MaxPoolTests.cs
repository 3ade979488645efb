using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Pooling;

[TestClass]
internal sealed class MaxPoolTests
{
    [TestMethod]
    [DataRow(1, 3)]
    [DataRow(2, 4)]
    [DataRow(3, 9)]
    public void Random_pools_agree_with_peers(int axes, int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < 50; i++)
        {
            long[] kernel = Kernel(random, axes);
            int size = random.Next(7, axes == 3 ? 9 : 12);
            int[] x = [random.Next(1, 3), random.Next(1, 5), .. Enumerable.Repeat(size, axes)];
            List<(string, object)> attributes = Attributes(random, kernel, dilate: i % 3 == 0);
            attributes.Add(("kernel_shape", kernel));
            attributes.Add(("ceil_mode", (long)random.Next(2)));
            Node("MaxPool", [Signed(random, x)], 1, [.. attributes]).AssertAgreesWithPeers();
        }
    }

    [TestMethod]
    public void Integers_are_pooled()
    {
        foreach (ElementType type in new[] { ElementType.Int8, ElementType.UInt8 })
            Node("MaxPool", [Random(new Random(2), type, 1, 2, 6, 6)], 1, ("kernel_shape", new long[] { 2, 3 }))
                .AssertAgrees();
    }

    [TestMethod]
    public void Misfits_are_diagnosed()
    {
        (string, object) kernel = ("kernel_shape", new long[] { 2, 2 });
        Assert.AreEqual("MOPT2002", Node("MaxPool", [Floats(N, 3, 9, 9)], 2, kernel, ("storage_order", 2L)).InferError());
        Assert.AreEqual("MOPT2002", Node("MaxPool", [Floats(N, 3, 9, 9)]).InferError());
        Assert.AreEqual("MOPT2002", Node("MaxPool", [Floats(N, 3, 9)], 1, kernel).InferError());
        Assert.AreEqual("MOPT2004", Node("MaxPool", [Floats(N, 3, 1, 1)], 1, kernel).InferError());
        Assert.AreEqual("MOPT2002", Node("MaxPool", [Floats(N, 3, 9, 9)], 1, kernel, ("auto_pad", "SOME")).InferError());
    }

    [TestMethod]
    public void Bytes_agree_with_peers()
    {
        var random = new Random(11);
        foreach (ElementType type in (ElementType[])[ElementType.Int8, ElementType.UInt8])
        {
            Node("MaxPool", [Random(random, type, 1, 2, 6, 6)], 1, ("kernel_shape", new[] { 3L, 3L }), ("pads", new[] { 1L, 1L, 1L, 1L }))
                .AssertAgreesWithPeers();
            Node("MaxPool", [Random(random, type, 2, 3, 7)], 1, ("kernel_shape", new[] { 2L }), ("strides", new[] { 2L }))
                .AssertAgreesWithPeers();
        }
    }
}
