using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Kernels.Depthwise;
using ModelOpt.Runtime.Tests.Kernels.Convolution;

namespace ModelOpt.Runtime.Tests.Kernels.Depthwise;

[TestClass]
internal sealed class DepthwiseInt8KernelTests
{
    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Every_tier_equals_the_definition(bool unsigned)
    {
        var random = new Random(31);
        for (int channels = 1; channels <= 70; channels++)
        {
            Check(KernelTesting.RandomWindow(random, channels, channels, maxSize: 9), unsigned, channels);
            Check(new Window2D(1, 5, 6, channels, 5, 6, channels, 3, 3, 1, 1, 1, 1, 1, 1), unsigned, channels);
        }
    }

    [TestMethod]
    public void Several_outputs_per_input_channel()
    {
        var random = new Random(32);
        for (int trial = 0; trial < 40; trial++)
        {
            int channels = random.Next(1, 6);
            Check(KernelTesting.RandomWindow(random, channels, channels * random.Next(2, 10), maxSize: 9), trial % 2 == 0, trial);
        }
    }

    [TestMethod]
    public void A_row_longer_than_one_chunk()
    {
        Check(new Window2D(1, 2, 300, 33, 2, 300, 33, 3, 3, 1, 1, 1, 1, 1, 1), false, 3);
        Check(new Window2D(1, 1, 3, 5000, 1, 3, 5000, 1, 3, 1, 1, 1, 1, 0, 1), false, 4);
    }

    private static void Check(Window2D w, bool unsigned, int seed)
    {
        int taps = w.KernelHeight * w.KernelWidth, channels = w.OutputChannels;
        byte[] x = KernelTesting.Bytes(w.Batch * w.InputHeight * w.InputWidth * w.InputChannels, seed);
        byte[] f = KernelTesting.Weights(channels * taps, seed + 1, unsigned);
        var random = new Random(seed);
        int[] bias = seed % 3 == 0 ? [] : [.. Enumerable.Range(0, channels).Select(_ => random.Next(-9999, 9999))];
        LayerQuantization quantization = KernelTesting.Quantization(random, channels, taps, unsigned);
        var byChannel = new byte[f.Length];
        for (int t = 0; t < taps; t++)
        {
            for (int c = 0; c < channels; c++)
                byChannel[(c * taps) + t] = f[(t * channels) + c];
        }

        byte[] expected = ConvInt8KernelTests.Reference(w, w.InputChannels, quantization, x, byChannel, bias, unsigned);
        foreach (SimdTier tier in KernelTesting.Tiers)
        {
            Kernel kernel = DepthwiseInt8Kernel.Create(w, quantization, f, bias, unsigned, code: null, tier);
            KernelTesting.AssertSame(expected, KernelTesting.Run(kernel, expected.Length, x), $"{tier} {w}");
        }

        foreach (Kernel kernel in KernelTesting.Assembled(c => DepthwiseInt8Kernel.Create(w, quantization, f, bias, unsigned, c)))
            KernelTesting.AssertSame(expected, KernelTesting.Run(kernel, expected.Length, x), $"assembled {w}");
    }
}
