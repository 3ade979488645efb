using ModelOpt.Runtime.Kernels.MatMul;

namespace ModelOpt.Runtime.Tests.Kernels.MatMul;

[TestClass]
internal sealed class BatchMatMulInt8KernelTests
{
    [TestMethod]
    public void Every_tier_equals_the_definition()
    {
        int trial = 0;
        foreach (BatchMatMulShape shape in BatchMatMulReference.RandomShapes(new Random(61), 200))
        {
            Check(shape, trial % 2 == 0, trial);
            trial++;
        }
    }

    [TestMethod]
    public void Rows_in_several_blocks() =>
        Check(new BatchMatMulShape(100, 20, 5001, false, true, [0], [0]), false, 1);

    private static void Check(BatchMatMulShape s, bool unsigned, int seed)
    {
        byte[] a = KernelTesting.Bytes(3 * s.M * s.K, seed), b = KernelTesting.Bytes(2 * s.K * s.N, seed + 1);
        var random = new Random(seed);
        LayerQuantization q = KernelTesting.Quantization(random, 1, s.K, unsigned);
        q = q with { WeightZeroPoint = unsigned ? random.Next(256) : random.Next(-128, 128) };
        var expected = new byte[s.Batch * s.M * s.N];
        BatchMatMulReference.ForEach(s, (at, terms) =>
        {
            int sum = 0;
            foreach ((int i, int j) in terms)
                sum += ((unsigned ? a[i] : (sbyte)a[i]) - q.InputZeroPoint) * ((unsigned ? b[j] : (sbyte)b[j]) - q.WeightZeroPoint);
            expected[at] = KernelTesting.Requantize(sum, q.Multiplier(0), q);
        });
        foreach (SimdTier tier in KernelTesting.Tiers)
        {
            var kernel = new BatchMatMulInt8Kernel(s, q, unsigned, tier);
            KernelTesting.AssertSame(expected, KernelTesting.Run(kernel, expected.Length, a, b), $"{tier} {s}");
        }
    }
}
