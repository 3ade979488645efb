using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Kernels.Recurrent;

namespace ModelOpt.Runtime.Tests.Kernels.Recurrent;

[TestClass]
internal sealed unsafe class IntegerMatrixTests
{
    [TestMethod]
    public void Products_are_exact_sums_times_scales_on_every_tier_and_in_every_form()
    {
        var random = new Random(5);
        for (int trial = 0; trial < 60; trial++)
        {
            (int m, int n, int k) = (random.Next(1, 15), random.Next(1, 90), random.Next(0, 70));
            float[] a = KernelTesting.Floats(m * k, trial), start = KernelTesting.Floats(m * n, trial + 1);
            float[] bias = KernelTesting.Floats(n, trial + 2), scales = [.. KernelTesting.Floats(n, trial + 3).Select(MathF.Abs)];
            sbyte[] w = [.. Enumerable.Range(0, n * k).Select(_ => (sbyte)random.Next(-127, 128))];
            foreach (int kind in new[] { 0, 1, 2 })
            {
                float[] expected = Reference(a, w, scales, m, n, k, kind == 0 ? null : bias, kind == 2 ? start : null);
                IEnumerable<(SimdTier, Int8Form)> forms =
                [
                    .. Enum.GetValues<Int8Form>().Select(f => (SimdTier.Scalar, f)),
                    .. KernelTesting.Tiers.SelectMany(t => new[] { (t, Int8Form.Pairs), (t, Int8Forms.Best) }),
                ];
                foreach ((SimdTier tier, Int8Form form) in forms)
                {
                    float[] c = [.. start];
                    var matrix = new IntegerMatrix(new(w, scales), 0, n, k, tier, form);
                    fixed (float* x = a, y = c, b = bias, scratch = new float[matrix.ScratchLength])
                        matrix.Multiply(x, m, y, n, kind == 1 ? b : null, kind == 2, scratch);
                    KernelTesting.AssertSameBits(expected, c, $"{tier} {form} {m}x{n}x{k}, {kind}");
                }
            }
        }
    }

    [TestMethod]
    public void Largest_sums_do_not_overflow()
    {
        const int k = IntegerMatrix.MostColumns;
        float[] a = [.. Enumerable.Repeat(1f, k)];
        sbyte[] w = [.. Enumerable.Repeat((sbyte)-127, k)];
        var matrix = new IntegerMatrix(new(w, [1f / 127]), 0, 1, k, SimdTiers.Best);
        float result = 0;
        fixed (float* x = a, scratch = new float[matrix.ScratchLength])
            matrix.Multiply(x, 1, &result, 1, null, false, scratch);
        Assert.AreEqual(-k, result, 1f);
    }

    private static float[] Reference(float[] a, sbyte[] w, float[] scales, int m, int n, int k, float[]? bias, float[]? start)
    {
        float[] result = new float[m * n];
        for (int i = 0; i < m; i++)
        {
            float[] row = a[(i * k)..((i + 1) * k)];
            byte[] u = new byte[k];
            float scale;
            int zero;
            fixed (float* x = row)
            fixed (byte* to = u)
                (scale, zero) = k == 0 ? (0, 0) : RowQuantizer.Run(SimdTier.Scalar, x, k, to, false);
            for (int j = 0; j < n; j++)
            {
                int sum = 0;
                for (int p = 0; p < k; p++)
                    sum += (u[p] - zero) * w[(j * k) + p];
                float value = sum * (scale * scales[j]);
                result[(i * n) + j] = start is not null ? start[(i * n) + j] + value : bias is not null ? bias[j] + value : value;
            }
        }

        return result;
    }
}
