using ModelOpt.Runtime.Kernels;
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

    /// <summary>A window with random kernel, stride, dilation, and padding on each side, and at least one output.</summary>
    public static Window2D RandomWindow(Random random, int inputChannels, int outputChannels, int maxSize)
    {
        while (true)
        {
            int height = random.Next(1, maxSize), width = random.Next(1, maxSize);
            int kernelHeight = random.Next(1, 5), kernelWidth = random.Next(1, 5);
            if (random.Next(4) == 0)
                kernelHeight = kernelWidth = 1;
            int strideHeight = random.Next(1, 4), strideWidth = random.Next(1, 4);
            int dilationHeight = random.Next(3) == 0 ? 2 : 1, dilationWidth = random.Next(3) == 0 ? 3 : 1;
            int top = random.Next(3), left = random.Next(3), bottom = random.Next(3), right = random.Next(3);
            int outputHeight = Outputs(height + top + bottom, kernelHeight, strideHeight, dilationHeight);
            int outputWidth = Outputs(width + left + right, kernelWidth, strideWidth, dilationWidth);
            if (outputHeight > 0 && outputWidth > 0)
            {
                return new Window2D(
                    random.Next(1, 3), height, width, inputChannels, outputHeight, outputWidth, outputChannels,
                    kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight, dilationWidth, top, left);
            }
        }

        static int Outputs(int size, int kernel, int stride, int dilation) =>
            size < ((kernel - 1) * dilation) + 1 ? 0 : ((size - ((kernel - 1) * dilation) - 1) / stride) + 1;
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
