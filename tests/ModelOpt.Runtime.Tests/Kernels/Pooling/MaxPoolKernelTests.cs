using System.Numerics;
using System.Runtime.InteropServices;
using ModelOpt.Runtime.Kernels.MatMul;
using ModelOpt.Runtime.Kernels.Pooling;

namespace ModelOpt.Runtime.Tests.Kernels.Pooling;

[TestClass]
internal sealed class MaxPoolKernelTests
{
    [TestMethod]
    public void All_types_and_tiers_agree_with_the_definition()
    {
        var random = new Random(21);
        for (int i = 0; i < 120; i++)
        {
            int channels = i < 90 ? random.Next(1, 71) : random.Next(71, 200);
            Window2D w = KernelTesting.RandomWindow(random, channels, channels, 12) with { DilationHeight = 1, DilationWidth = 1 };
            if (i % 3 == 0)
                w = Three(w);
            int inputs = w.Batch * w.InputHeight * w.InputWidth * channels;
            byte[] bytes = KernelTesting.Bytes(inputs, i);
            Check<sbyte>(w, bytes, -100, 90);
            Check<byte>(w, bytes, 7, 250);
            Check<float>(w, MemoryMarshal.AsBytes(KernelTesting.Floats(inputs, i).AsSpan()).ToArray(), -1.5f, 1.25f);
        }
    }

    // 3×3 windows two columns apart, for any padding and size.
    private static Window2D Three(Window2D w) => w with
    {
        KernelHeight = 3,
        KernelWidth = 3,
        StrideWidth = 2,
        InputHeight = w.InputHeight + 2,
        OutputHeight = ((w.InputHeight + w.PadTop - 1) / w.StrideHeight) + 1,
        OutputWidth = ((w.InputWidth + w.PadLeft) / 2) + 1,
    };

    private static void Check<T>(Window2D w, byte[] input, T min, T max)
        where T : unmanaged, INumber<T>
    {
        T[] x = MemoryMarshal.Cast<byte, T>(input).ToArray();
        var expected = new T[w.Batch * w.OutputHeight * w.OutputWidth * w.OutputChannels];
        for (int i = 0; i < expected.Length; i++)
        {
            int c = i % w.OutputChannels, pixel = i / w.OutputChannels;
            int ox = pixel % w.OutputWidth, oy = pixel / w.OutputWidth % w.OutputHeight, n = pixel / w.OutputWidth / w.OutputHeight;
            T highest = min;
            foreach ((_, int iy, int ix) in KernelTesting.Taps(w, oy, ox))
                highest = T.Max(highest, x[(((((n * w.InputHeight) + iy) * w.InputWidth) + ix) * w.InputChannels) + c]);
            expected[i] = T.Min(highest, max);
        }

        byte[] bytes = MemoryMarshal.AsBytes(expected.AsSpan()).ToArray();
        foreach (SimdTier tier in KernelTesting.Tiers)
            KernelTesting.AssertSame(bytes, KernelTesting.Run(new MaxPoolKernel<T>(w, min, max, tier), bytes.Length, input),
                $"{typeof(T).Name} {tier} {w}");
    }
}
