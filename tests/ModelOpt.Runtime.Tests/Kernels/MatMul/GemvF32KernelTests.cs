using ModelOpt.Runtime.Kernels.MatMul;

namespace ModelOpt.Runtime.Tests.Kernels.MatMul;

[TestClass]
internal sealed class GemvF32KernelTests
{
    [TestMethod]
    public void Every_tier_equals_the_definition()
    {
        var random = new Random(71);
        foreach (int outputs in (int[])[.. Enumerable.Range(1, 40), 64, 127, 128, 129, 300, 1001])
        {
            int inputs = random.Next(1, 90);
            float[] x = KernelTesting.Floats(inputs, outputs), f = KernelTesting.Floats(inputs * outputs, outputs + 1);
            float[] bias = outputs % 3 == 0 ? [] : KernelTesting.Floats(outputs, outputs + 2), expected = new float[outputs];
            for (int i = 0; i < outputs; i++)
            {
                float sum = bias.Length == 0 ? 0 : bias[i];
                for (int k = 0; k < inputs; k++)
                    sum = MathF.FusedMultiplyAdd(x[k], f[(i * inputs) + k], sum);
                expected[i] = Math.Clamp(sum, -1, 6);
            }

            foreach (SimdTier tier in KernelTesting.Tiers)
            {
                var kernel = new GemvF32Kernel(inputs, outputs, f, bias, -1, 6, tier);
                KernelTesting.AssertSameBits(expected, KernelTesting.RunFloat(kernel, outputs, x), $"{tier} {inputs}×{outputs}");
            }
        }
    }
}
