using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Pooling;

[TestClass]
internal sealed class AveragePoolTests
{
    [TestMethod]
    [DataRow(1, 5)]
    [DataRow(2, 6)]
    [DataRow(3, 10)]
    public void Random_pools_agree_with_peers(int axes, int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < 60; i++)
        {
            long[] kernel = Kernel(random, axes);
            int size = random.Next(7, axes == 3 ? 9 : 12);
            int[] x = [random.Next(1, 3), random.Next(1, 5), .. Enumerable.Repeat(size, axes)];
            List<(string, object)> attributes = Attributes(random, kernel, dilate: false);
            attributes.Add(("kernel_shape", kernel));
            attributes.Add(("ceil_mode", (long)random.Next(2)));
            attributes.Add(("count_include_pad", (long)random.Next(2)));
            Node("AveragePool", [Signed(random, x)], 1, [.. attributes]).AssertAgreesWithPeers(opset: i % 2 == 0 ? 17 : 19);
        }
    }

    [TestMethod]
    public void Dilations_of_opset_19_are_computed_but_not_lowered()
    {
        Node node = Node(
            "AveragePool", [Signed(new Random(1), 1, 2, 9, 9)], 1,
            ("kernel_shape", new long[] { 3, 2 }), ("dilations", new long[] { 2, 3 }));
        Tensor expected = node.RunPeer(19)[0], actual = node.Run()[0];
        for (int i = 0; i < expected.Count; i++) Assert.AreEqual(expected.Span<float>()[i], actual.Span<float>()[i], 1e-6f);
        Assert.AreEqual(19, Compiler.Operators.Contract.Operator.Of(node).MinimumOpset(node));
    }

    [TestMethod]
    public void Integers_are_refused() =>
        Assert.AreEqual("MOPT2005", Node(
            "AveragePool", [Random(new Random(1), ElementType.Int8, 1, 1, 4, 4)], 1, ("kernel_shape", new long[] { 2, 2 })).InferError());

    [TestMethod]
    public void Dilations_agree_with_peers()
    {
        var random = new Random(10);
        foreach (long counts in (long[])[0, 1])
        {
            Node("AveragePool", [Signed(random, 1, 2, 7, 6)], 1, ("kernel_shape", new[] { 2L, 3L }), ("dilations", new[] { 2L, 2L }),
                ("strides", new[] { 2L, 1L }), ("pads", new[] { 1L, 1L, 0L, 2L }), ("count_include_pad", counts))
                    .AssertAgreesWithPeers(opset: 19);
        }
    }
}
