namespace ModelOpt.Runtime.Tests.Kernels;

[TestClass]
internal sealed unsafe class FloatQuantizerTests
{
    [TestMethod]
    public void Every_tier_divides_and_rounds_as_the_definition()
    {
        var random = new Random(41);
        for (int i = 0; i < 300; i++)
        {
            // Any mantissa; exponents beyond what is quantized in practice, and some where the reciprocal leaves the range.
            float scale = MathF.ScaleB(1 + random.NextSingle(), i < 250 ? random.Next(-30, 10) : random.Next(-126, 126));
            if (i % 10 == 0)
                scale = MathF.BitDecrement(MathF.ScaleB(1, random.Next(-20, 5)));
            int zero = random.Next(-128, 128);
            byte flip = (byte)(random.Next(2) * 0x80);
            Check(Values(scale, random), scale, zero, flip);
        }
    }

    [TestMethod]
    public void Any_length()
    {
        for (int length = 0; length < 70; length++)
            Check(KernelTesting.Floats(length, length), 0.0117f, -5, 0);
    }

    // Half way between two steps and next to it, and what is no number in reach.
    private static float[] Values(float scale, Random random)
    {
        var values = new List<float> { 0, -0f, float.NaN, BitConverter.Int32BitsToSingle(0x7fc00123), float.MaxValue, float.MinValue,
            float.PositiveInfinity, float.NegativeInfinity, float.Epsilon, -float.Epsilon, 1e-40f };
        for (int k = -260; k < 260; k++)
        {
            float tie = (k + 0.5f) * scale;
            values.AddRange([tie, MathF.BitIncrement(tie), MathF.BitDecrement(tie), (k + random.NextSingle()) * scale]);
        }

        return [.. values];
    }

    private static void Check(float[] values, float scale, int zero, byte flip)
    {
        byte[] expected = [.. values.Select(value =>
        {
            float quotient = value / scale;
            float rounded = float.IsNaN(quotient) ? 0 : MathF.Round(Math.Clamp(quotient, -128 - zero, 127 - zero));
            return unchecked((byte)((byte)((int)rounded + zero) ^ flip));
        })];
        foreach (SimdTier tier in KernelTesting.Tiers)
        {
            var actual = new byte[values.Length];
            fixed (float* x = values)
            fixed (byte* y = actual)
                new FloatQuantizer(scale, zero, flip, tier).Run(x, y, values.Length);
            int at = expected.AsSpan().CommonPrefixLength(actual);
            if (at < expected.Length)
                Assert.Fail($"{tier}: {values[at]:R} / {scale:R} + {zero} is {actual[at] ^ flip}, not {expected[at] ^ flip}.");
        }
    }
}
