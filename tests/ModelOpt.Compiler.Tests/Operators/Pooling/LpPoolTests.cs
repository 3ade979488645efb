using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Pooling;

[TestClass]
internal sealed class LpPoolTests
{
    [TestMethod]
    [DataRow(1, 3)]
    [DataRow(2, 4)]
    [DataRow(3, 9)]
    public void Random_pools_agree_with_peers(int axes, int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < 20; i++)
        {
            long[] kernel = Kernel(random, axes);
            int size = random.Next(7, axes == 3 ? 9 : 12);
            int[] x = [random.Next(1, 3), random.Next(1, 5), .. Enumerable.Repeat(size, axes)];
            List<(string, object)> attributes = Attributes(random, kernel, dilate: i % 3 == 0);
            attributes.Add(("kernel_shape", kernel));
            attributes.Add(("p", (long)random.Next(1, 4)));
            Node("LpPool", [Signed(random, x)], 1, [.. attributes]).AssertAgreesWithPeers(opset: 18);
        }
    }

    [TestMethod]
    public void The_norm_of_a_window_is_that_of_its_elements() =>
        Node("LpPool", [Tensor.Of<float>([1, 1, 4], [3, -4, 0, 2])], 1, ("kernel_shape", new[] { 2L }), ("strides", new[] { 2L }))
            .AssertModelGives(opset: 17, 5, 2);

    [TestMethod]
    public void Exponents_below_1_are_refused() => Assert.AreEqual(
        "MOPT2002", Node("LpPool", [Floats(N, 3, 9, 9)], 1, ("kernel_shape", new[] { 2L, 2L }), ("p", 0L)).InferError());
}
