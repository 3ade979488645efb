using ModelOpt.Runtime.Kernels.Reduction;

namespace ModelOpt.Runtime.Tests.Kernels.Reduction;

[TestClass]
internal sealed class AxisSumInt8KernelTests
{
    [TestMethod]
    [DataRow(false, false)]
    [DataRow(true, false)]
    [DataRow(false, true)]
    [DataRow(true, true)]
    public void All_tiers_agree_with_the_definition(bool mean, bool unsigned)
    {
        var random = new Random(31);
        foreach (int inner in (int[])[.. Enumerable.Range(1, 70), 96, 128, 200, 321])
        {
            foreach (int count in (int[])[1, 2, 9, 49, random.Next(50, 400)])
            {
                int outer = random.Next(1, 3), low = unsigned ? 0 : -128;
                (float Scale, int Zero) input = (0.02f, random.Next(low, low + 256));
                (float Scale, int Zero) output = (mean ? 0.017f : 0.02f * MathF.Sqrt(count), random.Next(low, low + 256));
                byte[] x = KernelTesting.Bytes(outer * count * inner, inner + count), expected = new byte[outer * inner];
                for (int i = 0; i < expected.Length; i++)
                {
                    int sum = 0;
                    for (int k = 0; k < count; k++)
                    {
                        byte stored = x[(((i / inner * count) + k) * inner) + (i % inner)];
                        sum += (unsigned ? stored : (sbyte)stored) - input.Zero;
                    }
                    float value = MathF.Round(sum * (input.Scale / (output.Scale * (mean ? count : 1)))) + output.Zero;
                    expected[i] = unchecked((byte)(int)Math.Clamp(value, low + 10, low + 240));
                }

                foreach (SimdTier tier in KernelTesting.Tiers)
                {
                    var kernel = new AxisSumInt8Kernel(outer, count, inner, mean, input, output, low + 10, low + 240, unsigned, tier);
                    KernelTesting.AssertSame(expected, KernelTesting.Run(kernel, expected.Length, x), $"{tier} {outer} {count} {inner}");
                }
            }
        }
    }
}
