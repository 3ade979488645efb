using ModelOpt.Runtime.Kernels.Recurrent;

namespace ModelOpt.Runtime.Tests.Kernels.Recurrent;

[TestClass]
internal sealed unsafe class RowQuantizerTests
{
    [TestMethod]
    public void Rows_lie_within_half_a_step_and_every_tier_has_the_same_bytes()
    {
        for (int length = 1; length < 70; length++)
        {
            float[] x = KernelTesting.Floats(length, length);
            for (int i = 0; i < length && length % 3 == 0; i++)
                x[i] = MathF.Abs(x[i]) + 1;
            foreach (bool flip in new[] { false, true })
            {
                (byte[] bytes, float scale, int zero) = Run(SimdTier.Scalar, x, flip);
                float[] back = [.. bytes.Select(b => scale * ((flip ? (sbyte)b : b) - zero))];
                for (int i = 0; i < length; i++)
                    Assert.AreEqual(x[i], back[i], 0.51f * scale, $"{length}, {i}");
                foreach (SimdTier tier in KernelTesting.Tiers)
                {
                    (byte[] other, float otherScale, int otherZero) = Run(tier, x, flip);
                    CollectionAssert.AreEqual(bytes, other, $"{tier}, {length}");
                    Assert.AreEqual((scale, zero), (otherScale, otherZero));
                }
            }
        }
    }

    [TestMethod]
    public void Zeros_have_no_scale_and_what_is_no_number_has_none_either()
    {
        foreach (SimdTier tier in KernelTesting.Tiers.Append(SimdTier.Scalar))
        {
            Assert.AreEqual((0f, 0), Result(tier, new float[37]));
            Assert.AreEqual((0f, -128), Result(tier, new float[37], true));
            foreach (int at in new[] { 0, 20, 36 })
            {
                Assert.IsTrue(float.IsNaN(Result(tier, With(at, float.NaN)).Scale));
                Assert.IsTrue(float.IsNaN(Result(tier, With(at, float.PositiveInfinity)).Scale));
            }

            // So small that steps have no reciprocal.
            Assert.AreEqual(0f, Result(tier, With(3, 1e-40f)).Scale);
        }

        static float[] With(int at, float value)
        {
            float[] x = new float[37];
            x[at] = value;
            return x;
        }

        static (float Scale, int Zero) Result(SimdTier tier, float[] x, bool flip = false) =>
            Run(tier, x, flip) is var (_, scale, zero) ? (scale, zero) : default;
    }

    private static (byte[] Bytes, float Scale, int Zero) Run(SimdTier tier, float[] x, bool flip)
    {
        byte[] bytes = new byte[x.Length];
        fixed (float* from = x)
        fixed (byte* to = bytes)
        {
            (float scale, int zero) = RowQuantizer.Run(tier, from, x.Length, to, flip);
            return (bytes, scale, zero);
        }
    }
}
