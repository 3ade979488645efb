using ModelOpt.Runtime.Kernels.MatMul;

namespace ModelOpt.Runtime.Tests.Kernels.MatMul;

[TestClass]
internal sealed class BatchMatMulF32KernelTests
{
    [TestMethod]
    public void Every_tier_equals_the_definition()
    {
        int trial = 0;
        foreach (BatchMatMulShape shape in BatchMatMulReference.RandomShapes(new Random(61), 200))
        {
            Check(shape, trial);
            trial++;
        }
    }

    [TestMethod]
    public void Rows_in_several_blocks() =>
        Check(new BatchMatMulShape(100, 20, 5001, true, false, [0], [0]), 2);

    private static void Check(BatchMatMulShape s, int seed)
    {
        float[] a = KernelTesting.Floats(3 * s.M * s.K, seed), b = KernelTesting.Floats(2 * s.K * s.N, seed + 1);
        var expected = new float[s.Batch * s.M * s.N];
        BatchMatMulReference.ForEach(s, (at, terms) =>
        {
            float sum = 0;
            foreach ((int i, int j) in terms)
                sum = MathF.FusedMultiplyAdd(a[i], b[j], sum);
            expected[at] = Math.Clamp(sum, -5, 6);
        });
        foreach (SimdTier tier in KernelTesting.Tiers)
        {
            var kernel = new BatchMatMulF32Kernel(s, -5, 6, tier);
            KernelTesting.AssertSameBits(expected, KernelTesting.RunFloat(kernel, expected.Length, a, b), $"{tier} {s}");
        }
    }
}
