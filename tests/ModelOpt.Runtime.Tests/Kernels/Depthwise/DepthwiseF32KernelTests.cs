using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Kernels.Depthwise;
using ModelOpt.Runtime.Tests.Kernels.Convolution;

namespace ModelOpt.Runtime.Tests.Kernels.Depthwise;

[TestClass]
internal sealed class DepthwiseF32KernelTests
{
    [TestMethod]
    public void Every_tier_equals_the_definition()
    {
        var random = new Random(51);
        for (int channels = 1; channels <= 70; channels++)
            Check(KernelTesting.RandomWindow(random, channels, channels, maxSize: 9), channels);
        for (int trial = 0; trial < 30; trial++)
        {
            int channels = random.Next(1, 6);
            Check(KernelTesting.RandomWindow(random, channels, channels * random.Next(2, 10), maxSize: 9), trial);
        }
    }

    /// <summary>Every remainder of a group of pixels, with all paddings of a 3×3 and some of a 5×5 window.</summary>
    [TestMethod]
    public void Rows_of_every_length()
    {
        for (int width = 3; width <= 26; width++)
        {
            for (int variant = 0; variant < 12; variant++)
            {
                int stride = 1 + (variant % 2), left = variant / 2 % 3, right = variant / 6, kernel = width % 4 == 3 && width > 4 ? 5 : 3;
                int outputs = ((width + left + right - kernel) / stride) + 1;
                var window = new Window2D(
                    1, 4, width, 1 + (variant * 3), (4 / stride), outputs, 1 + (variant * 3), kernel, kernel, stride, stride, 1, 1, 1,
                    left);
                Check(window, width + variant);
            }
        }
    }

    private static void Check(Window2D w, int seed)
    {
        int taps = w.KernelHeight * w.KernelWidth, channels = w.OutputChannels;
        float[] x = KernelTesting.Floats(w.Batch * w.InputHeight * w.InputWidth * w.InputChannels, seed);
        float[] f = KernelTesting.Floats(channels * taps, seed + 1);
        float[] bias = seed % 3 == 0 ? [] : KernelTesting.Floats(channels, seed + 2);
        (float low, float high) = seed % 2 == 0 ? (0f, 6f) : (float.NegativeInfinity, float.PositiveInfinity);
        var byChannel = new float[f.Length];
        for (int t = 0; t < taps; t++)
        {
            for (int c = 0; c < channels; c++)
                byChannel[(c * taps) + t] = f[(t * channels) + c];
        }

        float[] expected = ConvF32KernelTests.Reference(w, w.InputChannels, x, byChannel, bias, low, high);
        foreach (SimdTier tier in KernelTesting.Tiers)
        {
            Kernel kernel = DepthwiseF32Kernel.Create(w, f, bias, low, high, tier);
            KernelTesting.AssertSameBits(expected, KernelTesting.RunFloat(kernel, expected.Length, x), $"{tier} {w}");
        }
    }
}
