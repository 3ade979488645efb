using ModelOpt.Runtime.Kernels.Simd;

namespace ModelOpt.Runtime.Tests.Kernels;

/// <summary>Inputs from fixed seeds, and the tiers that this process can run.</summary>
internal static class KernelTesting
{
    /// <summary>The vector tiers of this machine, or of what the environment leaves of it.</summary>
    public static IEnumerable<SimdTier> Tiers =>
        Enum.GetValues<SimdTier>().Where(tier => tier <= SimdTiers.Best);

    public static float[] Floats(int length, int seed)
    {
        var random = new Random(seed);
        var values = new float[length];
        for (int i = 0; i < length; i++)
            values[i] = (float)((random.NextDouble() * 4) - 2);
        return values;
    }

    /// <summary>Fails at the first element whose bits differ.</summary>
    public static void AssertSameBits(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, string what)
    {
        Assert.AreEqual(expected.Length, actual.Length, what);
        for (int i = 0; i < expected.Length; i++)
        {
            if (BitConverter.SingleToInt32Bits(expected[i]) != BitConverter.SingleToInt32Bits(actual[i])
                && !(float.IsNaN(expected[i]) && float.IsNaN(actual[i])))
                Assert.Fail($"{what}: element {i} is {actual[i]:R}, not {expected[i]:R}.");
        }
    }
}
