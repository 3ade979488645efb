using ModelOpt.Compiler.Kernels;
using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Simd;
using ModelOpt.Runtime.Tests.Kernels;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Tests.Kernels;

[TestClass]
internal sealed class ConvNchwF32Tests
{
    [TestMethod]
    public void Every_tier_equals_the_definition()
    {
        var random = new Random(11);
        using var pool = new WorkerPool(2);
        for (int trial = 0; trial < 250; trial++)
        {
            int groups = random.Next(3) == 0 ? random.Next(1, 5) : 1;
            bool depthwise = random.Next(3) == 0;
            int inputs = depthwise ? 1 : random.Next(1, 9), outputs = depthwise ? random.Next(1, 3) : random.Next(1, 20);
            groups = depthwise ? random.Next(1, 8) : groups;
            Window2D window = KernelTesting.RandomWindow(random, inputs * groups, outputs * groups, maxSize: 23);
            Check(window, groups, trial, trial % 5 == 0 ? pool : null);
        }
    }

    [TestMethod]
    public void Depthwise_of_every_channel_count_up_to_70()
    {
        var random = new Random(12);
        using var pool = new WorkerPool(3);
        for (int channels = 1; channels <= 70; channels++)
            Check(KernelTesting.RandomWindow(random, channels, channels, maxSize: 25), channels, channels, channels % 3 == 0 ? pool : null);
    }

    [TestMethod]
    public void A_wide_strided_row_is_computed_too()
    {
        var window = new Window2D(1, 1, 9001, 2, 1, 3000, 2, 1, 3, 1, 3, 1, 1, 0, 0);
        Check(window, 2, 5, null);
    }

    private static void Check(Window2D w, int groups, int seed, WorkerPool? pool)
    {
        float[] x = KernelTesting.Floats(w.Batch * w.InputChannels * w.InputHeight * w.InputWidth, seed);
        float[] f = KernelTesting.Floats(w.OutputChannels * (w.InputChannels / groups) * w.KernelHeight * w.KernelWidth, seed + 1);
        float[] b = seed % 2 == 0 ? KernelTesting.Floats(w.OutputChannels, seed + 2) : [];
        float[] expected = Reference(w, groups, x, f, b);
        foreach (SimdTier tier in KernelTesting.Tiers)
        {
            var actual = new float[expected.Length];
            actual.AsSpan().Fill(float.NaN);
            ConvNchwF32.Run(tier, new(w, groups), x, f, b, actual, pool);
            KernelTesting.AssertSameBits(expected, actual, $"{tier} groups {groups} {w}");
        }
    }

    private static float[] Reference(Window2D w, int groups, float[] x, float[] f, float[] b)
    {
        int inputs = w.InputChannels / groups, outputs = w.OutputChannels / groups, taps = w.KernelHeight * w.KernelWidth;
        var y = new float[w.Batch * w.OutputChannels * w.OutputHeight * w.OutputWidth];
        for (int at = 0; at < y.Length; at++)
        {
            int row = at / w.OutputWidth, plane = row / w.OutputHeight, m = plane % w.OutputChannels, n = plane / w.OutputChannels;
            (int Tap, int Y, int X)[] pixels = [.. KernelTesting.Taps(w, row % w.OutputHeight, at % w.OutputWidth)];
            y[at] = b.Length == 0 ? 0 : b[m];
            for (int c = 0; c < inputs; c++)
            {
                int channel = (n * w.InputChannels) + (m / outputs * inputs) + c, filter = ((m * inputs) + c) * taps;
                foreach ((int tap, int iy, int ix) in pixels)
                    y[at] = MathF.FusedMultiplyAdd(x[(((channel * w.InputHeight) + iy) * w.InputWidth) + ix], f[filter + tap], y[at]);
            }
        }

        return y;
    }
}
