using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Kernels.Depthwise;

namespace ModelOpt.Runtime.Tests.Kernels.Depthwise;

/// <summary>The assembled depthwise convolution against the definition; on machines that cannot run it there is nothing to test.</summary>
[TestClass]
internal sealed class DepthwiseInt8AssembledKernelTests
{
    // Last, so that what needs no assembled code is checked everywhere.
    [TestCleanup]
    public void RequireAssembled() => KernelTesting.RequireAssembled();

    [TestMethod]
    [DataRow(3, 1, false)]
    [DataRow(3, 2, false)]
    [DataRow(5, 1, false)]
    [DataRow(5, 2, false)]
    [DataRow(3, 1, true)]
    [DataRow(3, 2, true)]
    public void Every_channel_count_width_and_padding(int kernel, int stride, bool unsigned)
    {
        var random = new Random((kernel * 10) + stride);
        for (int channels = 1; channels <= 70; channels++)
            Check(Window(random, channels, kernel, kernel, stride, stride, 1, 1 + (channels % 20)), unsigned, channels);
        foreach (int channels in (int[])[96, 144, 200])
            Check(Window(random, channels, kernel, kernel, stride, stride, 1, 5), unsigned, channels);
    }

    [TestMethod]
    public void Every_width_with_the_usual_padding()
    {
        for (int width = 1; width <= 20; width++)
        {
            for (int left = 0; left <= 2; left++)
            {
                int narrow = width + left - 2;
                Check(new Window2D(2, 5, width, 17, 5, width, 17, 3, 3, 1, 1, 1, 1, 1, left), false, width);
                Check(new Window2D(1, 4, width, 33, 4, (width + 1) / 2, 33, 3, 3, 1, 2, 1, 1, 0, left), false, width);
                if (narrow > 0)
                    Check(new Window2D(1, 3, width, 16, 1, narrow, 16, 3, 3, 1, 1, 1, 1, 0, left), true, width);
            }
        }
    }

    [TestMethod]
    public void Few_channels_fill_registers_with_neighbouring_pixels()
    {
        var random = new Random(8);
        foreach (int channels in (int[])[1, 2, 4, 8, 16])
        {
            for (int trial = 0; trial < 40; trial++)
            {
                int kernel = trial < 20 ? 3 : random.Next(1, 6), width = (64 / channels) + random.Next(1, 40);
                Window2D window = Window(random, channels, kernel, kernel, random.Next(1, 3), 1, 1 + (trial % 2), width);
                foreach (Target target in Target.Available)
                    Assert.IsTrue(DepthwiseShape.For(target, window with { OutputWidth = 64 }, false, default).Flat);
                Check(window, trial % 3 == 0, trial);
            }
        }
    }

    [TestMethod]
    public void Images_lower_than_the_window()
    {
        foreach (int channels in (int[])[5, 8, 40, 100])
        {
            for (int height = 1; height <= 3; height++)
            {
                Check(new Window2D(1, height, 12, channels, height, 12, channels, 5, 5, 1, 1, 1, 1, 2, 2), false, height);
                Check(new Window2D(2, height, 12, channels, height, 12, channels, 3, 3, 1, 1, 1, 1, 1, 1), true, height);
                Check(new Window2D(1, height, 12, channels, height, 12, channels, 7, 3, 1, 1, 1, 1, 3, 1), false, height);
            }

            // No row of taps meets the image.
            Check(new Window2D(1, 1, 9, channels, 1, 9, channels, 2, 3, 1, 1, 2, 1, 1, 1), false, channels);
        }
    }

    [TestMethod]
    public void Any_kernel_stride_and_dilation()
    {
        var random = new Random(7);
        for (int trial = 0; trial < 150; trial++)
        {
            Window2D window = Window(
                random, random.Next(1, 80), random.Next(1, 8), random.Next(1, 8), random.Next(1, 4), random.Next(1, 4),
                random.Next(1, 4), random.Next(1, 20));
            Check(window, trial % 2 == 0, trial);
        }
    }

    [TestMethod]
    public void Windows_whose_code_would_be_long_are_left_to_the_other_kernel()
    {
        Assert.IsFalse(Supports(new Window2D(1, 20, 20, 4, 20, 20, 4, 11, 11, 1, 1, 1, 1, 5, 5)));
        Assert.IsFalse(Supports(new Window2D(1, 1, 100, 5, 1, 100, 5, 1, 9, 1, 1, 1, 12, 0, 48)));
        Assert.IsTrue(Supports(new Window2D(1, 56, 56, 4, 56, 56, 4, 7, 7, 1, 1, 1, 1, 3, 3)));
        Check(new Window2D(1, 20, 20, 4, 20, 20, 4, 11, 11, 1, 1, 1, 1, 5, 5), false, 1);
        Check(new Window2D(1, 1, 100, 5, 1, 100, 5, 1, 9, 1, 1, 1, 12, 0, 48), false, 2);
    }

    [TestMethod]
    [DataRow(0x80, 0x81)]
    [DataRow(0x80, 0x7f)]
    [DataRow(0x7f, 0x81)]
    [DataRow(0x7f, 0x7f)]
    public void Extreme_values_saturate(int activation, int weight)
    {
        foreach (float scale in (float[])[1e-6f, 0.01f, 1f, 1e6f, 1e30f])
        {
            foreach (int zero in (int[])[-128, -1, 0, 127])
            {
                foreach (int bias in (int[])[0, 1, -40_000, int.MaxValue, int.MinValue])
                {
                    foreach ((int min, int max) in ((int, int)[])[(-128, 127), (-100, 90)])
                    {
                        var quantization = new LayerQuantization(1, -128 + (zero & 255), [scale], 0, 1, zero, min, max);
                        Compare(
                            new Window2D(1, 3, 4, 21, 3, 4, 21, 3, 3, 1, 1, 1, 1, 1, 1), quantization, Repeat(activation, 3 * 4 * 21),
                            Repeat(weight, 9 * 21), [.. Enumerable.Repeat(bias, 21)], false, $"{scale} {zero} {bias} {min}");
                    }
                }
            }
        }
    }

    [TestMethod]
    public void Sums_half_way_between_two_outputs_fall_to_the_even_one()
    {
        // Channel c sums to c − 64, of which the output is half.
        const int channels = 128;
        var input = Repeat(1, channels);
        var weights = new byte[channels];
        for (int c = 0; c < channels; c++)
            weights[c] = unchecked((byte)(c - 64));
        var quantization = new LayerQuantization(1, 0, [0.5f], 0, 1, 3, -128, 127);
        Compare(new Window2D(1, 1, 1, channels, 1, 1, channels, 1, 1, 1, 1, 1, 1, 0, 0), quantization, input, weights, [], false, "ties");
    }

    [TestMethod]
    public void Weights_far_from_their_zero_point_are_left_to_the_other_kernel()
    {
        var quantization = new LayerQuantization(0.1f, 7, [0.01f], 200, 0.3f, 100, 0, 255);
        byte[] weights = KernelTesting.Bytes(9 * 20, 5);
        Compare(
            new Window2D(1, 5, 5, 20, 5, 5, 20, 3, 3, 1, 1, 1, 1, 1, 1), quantization, KernelTesting.Bytes(25 * 20, 6), weights, [],
            true, "far");
    }

    [TestMethod]
    public void Items_one_by_one_backwards()
    {
        var window = new Window2D(2, 7, 9, 50, 7, 9, 50, 3, 3, 1, 1, 1, 1, 1, 1);
        byte[] x = KernelTesting.Bytes(2 * 7 * 9 * 50, 1), weights = KernelTesting.Weights(9 * 50, 2, false);
        LayerQuantization quantization = KernelTesting.Quantization(new Random(3), 50, 9, false);
        foreach (Kernel kernel in KernelTesting.Assembled(c => DepthwiseInt8Kernel.Create(window, quantization, weights, [], false, c)))
        {
            byte[] whole = KernelTesting.Run(kernel, x.Length, x);
            var arena = new byte[2 * x.Length];
            x.CopyTo(arena, 0);
            var arguments = new KernelArguments(
                [Operand.InArena(0, x.Length)], [Operand.InArena(x.Length, x.Length)], arena, new byte[kernel.ScratchBytes]);
            for (int item = kernel.Items - 1; item >= 0; item--)
                kernel.Run(arguments, item, item + 1);
            KernelTesting.AssertSame(whole, arena.AsSpan(x.Length), "backwards");
        }
    }

    [TestMethod]
    public void Layers_of_one_shape_share_their_functions()
    {
        if (AssembledCode.TryCreate() is not { } code)
            return;
        var shapes = new HashSet<DepthwiseShape>();
        foreach (int height in (int[])[8, 14, 20])
        {
            var window = new Window2D(1, height, 9, 50, height, 9, 50, 3, 3, 1, 1, 1, 1, 1, 1);
            shapes.Add(DepthwiseShape.For(code.Target, window, false, default));
        }

        Assert.HasCount(1, shapes);
        AssembledFunction first = code.Get(shapes.First(), DepthwiseEmitter.Emit);
        Assert.AreSame(first, code.Get(shapes.First(), DepthwiseEmitter.Emit));
    }

    /// <summary>A window of about the given width, with random padding on all sides and at least one output.</summary>
    private static Window2D Window(
        Random random, int channels, int kernelHeight, int kernelWidth, int strideHeight, int strideWidth, int maxDilation, int width)
    {
        while (true)
        {
            int height = random.Next(1, 8), dilationHeight = random.Next(1, maxDilation + 1),
                dilationWidth = random.Next(1, maxDilation + 1);
            int top = random.Next(kernelHeight), left = random.Next(kernelWidth);
            int outputHeight = Outputs(height + top + random.Next(kernelHeight), kernelHeight, strideHeight, dilationHeight);
            int outputWidth = Outputs(width + left + random.Next(kernelWidth), kernelWidth, strideWidth, dilationWidth);
            if (outputHeight > 0 && outputWidth > 0)
            {
                return new Window2D(
                    random.Next(1, 3), height, width, channels, outputHeight, outputWidth, channels, kernelHeight, kernelWidth,
                    strideHeight, strideWidth, dilationHeight, dilationWidth, top, left);
            }

            width++;
        }

        static int Outputs(int size, int kernel, int stride, int dilation) =>
            size < ((kernel - 1) * dilation) + 1 ? 0 : ((size - ((kernel - 1) * dilation) - 1) / stride) + 1;
    }

    private static bool Supports(Window2D window) => DepthwiseShape.For(Target.Avx512Vnni, window, false, default).IsSupported;

    private static byte[] Repeat(int value, int count) => [.. Enumerable.Repeat((byte)value, count)];

    private static void Check(Window2D w, bool unsigned, int seed)
    {
        int taps = w.KernelHeight * w.KernelWidth, channels = w.OutputChannels;
        byte[] x = KernelTesting.Bytes(w.Batch * w.InputHeight * w.InputWidth * w.InputChannels, seed);
        byte[] weights = KernelTesting.Weights(channels * taps, seed + 1, unsigned);
        var random = new Random(seed);
        int[] bias = seed % 3 == 0 ? [] : [.. Enumerable.Range(0, channels).Select(_ => random.Next(-9999, 9999))];
        LayerQuantization quantization = KernelTesting.Quantization(random, channels, taps, unsigned);
        if (unsigned)
        {
            // Weights that the instruction can multiply.
            for (int i = 0; i < weights.Length; i++)
                weights[i] = (byte)Math.Clamp(weights[i], quantization.WeightZeroPoint - 128, quantization.WeightZeroPoint + 127);
        }

        Compare(w, quantization, x, weights, bias, unsigned, w.ToString());
    }

    private static void Compare(
        Window2D w, LayerQuantization quantization, byte[] x, byte[] weights, int[] bias, bool unsigned, string what)
    {
        int length = w.Batch * w.OutputHeight * w.OutputWidth * w.OutputChannels;
        Kernel oracle = DepthwiseInt8Kernel.Create(w, quantization, weights, bias, unsigned, code: null, SimdTier.Scalar);
        byte[] expected = KernelTesting.Run(oracle, length, x);
        foreach (Kernel kernel in KernelTesting.Assembled(c => DepthwiseInt8Kernel.Create(w, quantization, weights, bias, unsigned, c)))
            KernelTesting.AssertSame(expected, KernelTesting.Run(kernel, length, x), what);
    }
}
