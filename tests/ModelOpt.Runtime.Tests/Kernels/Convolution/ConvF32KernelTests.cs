using ModelOpt.Runtime.Kernels.Convolution;

namespace ModelOpt.Runtime.Tests.Kernels.Convolution;

[TestClass]
internal sealed class ConvF32KernelTests
{
    [TestMethod]
    public void Every_tier_equals_the_definition()
    {
        var random = new Random(41);
        for (int trial = 0; trial < 200; trial++)
        {
            int groups = random.Next(3) == 0 ? random.Next(2, 5) : 1;
            Check(KernelTesting.RandomWindow(random, groups * random.Next(1, 20), groups * random.Next(1, 40), maxSize: 11), groups, trial);
        }
    }

    [TestMethod]
    public void Every_channel_count_up_to_70()
    {
        for (int channels = 1; channels <= 70; channels++)
            Check(new Window2D(2, 3, 5, channels, 3, 5, 71 - channels, 1, 1, 1, 1, 1, 1, 0, 0), 1, channels);
    }

    private static void Check(Window2D w, int groups, int seed)
    {
        int k = w.KernelHeight * w.KernelWidth * (w.InputChannels / groups);
        float[] x = KernelTesting.Floats(w.Batch * w.InputHeight * w.InputWidth * w.InputChannels, seed);
        float[] f = KernelTesting.Floats(w.OutputChannels * k, seed + 1);
        float[] bias = seed % 3 == 0 ? [] : KernelTesting.Floats(w.OutputChannels, seed + 2);
        (float low, float high) = seed % 2 == 0 ? (0f, 6f) : (float.NegativeInfinity, float.PositiveInfinity);
        float[] expected = Reference(w, groups, x, f, bias, low, high);
        foreach (SimdTier tier in KernelTesting.Tiers)
        {
            var kernel = ConvF32Kernel.Create(w, groups, f, bias, low, high, tier);
            KernelTesting.AssertSameBits(expected, KernelTesting.RunFloat(kernel, expected.Length, x), $"{tier} groups {groups} {w}");
        }
    }

    internal static float[] Reference(Window2D w, int groups, float[] x, float[] f, float[] bias, float low, float high) =>
        new ConvolutionReferenceF32(w, groups, depthwise: false, f, bias, low, high).Of(x);
}
