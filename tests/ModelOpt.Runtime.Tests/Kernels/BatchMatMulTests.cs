using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Kernels.MatMul;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Tests.Kernels;

[TestClass]
public sealed class BatchMatMulTests
{
    [TestMethod]
    public void Both_types_equal_the_definition_on_every_tier()
    {
        var random = new Random(61);
        for (int trial = 0; trial < 200; trial++)
        {
            int batch = random.Next(1, 5);
            int[] a = [.. Enumerable.Range(0, batch).Select(_ => random.Next(3))];
            int[] b = [.. Enumerable.Range(0, batch).Select(_ => random.Next(2))];
            var shape = new BatchMatMulShape(
                random.Next(1, 30), random.Next(1, 80), random.Next(1, 40), random.Next(2) == 0, random.Next(2) == 0, a, b);
            CheckInt8(shape, trial % 2 == 0, trial);
            CheckFloat(shape, trial);
        }
    }

    [TestMethod]
    public void Rows_in_several_blocks()
    {
        var shape = new BatchMatMulShape(100, 20, 5001, false, true, [0], [0]);
        CheckInt8(shape, false, 1);
        CheckFloat(shape with { TransposeA = true, TransposeB = false }, 2);
    }

    private static void CheckInt8(BatchMatMulShape s, bool unsigned, int seed)
    {
        byte[] a = KernelTesting.Bytes(3 * s.M * s.K, seed), b = KernelTesting.Bytes(2 * s.K * s.N, seed + 1);
        var random = new Random(seed);
        LayerQuantization q = KernelTesting.Quantization(random, 1, s.K, unsigned);
        q = q with { WeightZeroPoint = unsigned ? random.Next(256) : random.Next(-128, 128) };
        var expected = new byte[s.Batch * s.M * s.N];
        ForEach(s, (at, terms) =>
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

    private static void CheckFloat(BatchMatMulShape s, int seed)
    {
        float[] a = KernelTesting.Floats(3 * s.M * s.K, seed), b = KernelTesting.Floats(2 * s.K * s.N, seed + 1);
        var expected = new float[s.Batch * s.M * s.N];
        ForEach(s, (at, terms) =>
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

    /// <summary>Calls back for each output with the positions of the elements to multiply, in order.</summary>
    private static void ForEach(BatchMatMulShape s, Action<int, List<(int A, int B)>> output)
    {
        var terms = new List<(int A, int B)>();
        for (int batch = 0, at = 0; batch < s.Batch; batch++)
        {
            for (int i = 0; i < s.M; i++)
            {
                for (int j = 0; j < s.N; j++)
                {
                    terms.Clear();
                    for (int p = 0; p < s.K; p++)
                    {
                        int a = s.TransposeA ? (p * s.M) + i : (i * s.K) + p, b = s.TransposeB ? (j * s.K) + p : (p * s.N) + j;
                        terms.Add(((s.IndicesA[batch] * s.M * s.K) + a, (s.IndicesB[batch] * s.K * s.N) + b));
                    }

                    output(at++, terms);
                }
            }
        }
    }
}
