using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Assembled;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Kernels.Convolution;

namespace ModelOpt.Runtime.Tests.Kernels.Convolution;

/// <summary>What only assembled convolutions do; that they compute what the others do is in <see cref="ConvInt8KernelTests"/>.</summary>
[TestClass]
internal sealed class ConvInt8AssembledKernelTests
{
    // Last, so that what needs no assembled code is checked everywhere.
    [TestCleanup]
    public void RequireAssembled() => KernelTesting.RequireAssembled();

    [TestMethod]
    public void An_addition_in_the_epilogue_has_the_bits_of_one_that_follows()
    {
        var random = new Random(7);
        for (int channels = 1; channels <= 150; channels += channels < 70 ? 1 : 9)
        {
            int inputs = random.Next(1, 40), groups = channels % 2 == 0 && channels < 20 ? 2 : 1;
            Window2D w = KernelTesting.RandomWindow(random, inputs * groups, channels, 9);
            int k = w.KernelHeight * w.KernelWidth * inputs, length = w.Batch * w.OutputHeight * w.OutputWidth * channels;
            byte[] x = KernelTesting.Bytes(w.Batch * w.InputHeight * w.InputWidth * w.InputChannels, channels);
            byte[] f = KernelTesting.Weights(channels * k, channels + 1, unsigned: false);
            byte[] other = KernelTesting.Bytes(length, channels + 2);
            LayerQuantization layer = KernelTesting.Quantization(random, channels, k, unsigned: false);
            byte[] result = ConvInt8KernelTests.Reference(w, groups, layer, x, f, [], false);
            foreach (ResidualSide side in new[] { ResidualSide.Left, ResidualSide.Right })
            {
                (ResidualAdd residual, byte[] expected) = Residual(random, side, result, other);
                Assert.IsTrue(ConvInt8AssembledKernel.TryCenter(f, 0, false, out ReadOnlySpan<sbyte> weights));
                sbyte[] centered = weights.ToArray();
                IEnumerable<Kernel> kernels = KernelTesting.Assembled(
                    c => new ConvInt8AssembledKernel(w, groups, layer, centered, [], false, c, residual));
                foreach (Kernel kernel in kernels)
                    KernelTesting.AssertSame(expected, KernelTesting.Run(kernel, length, x, [], [], other), $"{side} groups {groups} {w}");
            }
        }
    }

    [TestMethod]
    public void A_result_between_others_leaves_them_alone()
    {
        var random = new Random(17);
        for (int channels = 1; channels <= 150; channels += channels < 70 ? 1 : 9)
        {
            bool unsigned = channels % 3 == 0;
            int inputs = random.Next(1, 40), groups = channels % 2 == 0 && channels < 20 ? 2 : 1;
            Window2D w = KernelTesting.RandomWindow(random, inputs * groups, channels, 9);
            int k = w.KernelHeight * w.KernelWidth * inputs, pixels = w.Batch * w.OutputHeight * w.OutputWidth;
            byte[] x = KernelTesting.Bytes(w.Batch * w.InputHeight * w.InputWidth * w.InputChannels, channels);
            byte[] f = KernelTesting.Weights(channels * k, channels + 1, unsigned: false);
            LayerQuantization layer = KernelTesting.Quantization(random, channels, k, unsigned) with { WeightZeroPoint = 0 };
            var place = new ChannelPlace(channels + random.Next(70), 0);
            place = place with { First = random.Next(place.Pitch - channels + 1) };
            sbyte[] weights = [.. f.Select(value => (sbyte)value)];
            byte[] alone = KernelTesting.Assembled(c => new ConvInt8AssembledKernel(w, groups, layer, weights, [], unsigned, c))
                .Select(kernel => KernelTesting.Run(kernel, pixels * channels, x)).FirstOrDefault([]);
            foreach (Kernel kernel in KernelTesting.Assembled(
                c => new ConvInt8AssembledKernel(w, groups, layer, weights, [], unsigned, c, place: place)))
            {
                byte[] actual = KernelTesting.Run(kernel, pixels * place.Pitch, x);
                for (int i = 0; i < actual.Length; i++)
                {
                    int channel = (i % place.Pitch) - place.First;
                    byte expected = channel >= 0 && channel < channels ? alone[(i / place.Pitch * channels) + channel] : (byte)0xa5;
                    if (actual[i] != expected)
                        Assert.Fail($"{place} {w}: byte {i} is {actual[i]}, not {expected}.");
                }
            }
        }
    }

    [TestMethod]
    public void Any_division_among_threads_gives_the_same_bits()
    {
        var random = new Random(8);
        int divided = 0;
        for (int trial = 0; trial < 60; trial++)
        {
            int groups = trial % 5 == 4 ? 2 : 1, threads = random.Next(2, 6), size = random.Next(4, 24);
            Window2D w = trial % 3 == 0
                ? new Window2D(1, 1, size * 9, 64, 1, size * 9, 90, 1, 1, 1, 1, 1, 1, 0, 0)
                : KernelTesting.RandomWindow(random, groups * random.Next(8, 60), groups * random.Next(8, 140), size);
            int k = w.KernelHeight * w.KernelWidth * w.InputChannels / groups;
            byte[] x = KernelTesting.Bytes(w.Batch * w.InputHeight * w.InputWidth * w.InputChannels, trial);
            byte[] f = KernelTesting.Weights(w.OutputChannels * k, trial + 1, unsigned: false);
            LayerQuantization quantization = KernelTesting.Quantization(random, w.OutputChannels, k, unsigned: false);
            byte[] expected = ConvInt8KernelTests.Reference(w, groups, quantization, x, f, [], false);
            foreach (Kernel kernel in KernelTesting.Assembled(
                c => ConvInt8Kernel.Create(w, groups, quantization, f, [], false, c), threads))
            {
                divided += kernel.Items > 1 ? 1 : 0;
                KernelTesting.AssertSame(expected, KernelTesting.Run(kernel, expected.Length, x),
                    $"{threads} threads, groups {groups} {w}");
            }
        }

        Assert.IsTrue(divided > 20 || !AssembledCode.IsSupported, $"only {divided} were divided");
    }

    [TestMethod]
    public void Products_beyond_int32_are_clamped_as_in_the_oracle()
    {
        var window = new Window2D(1, 1, 40, 24, 1, 40, 37, 1, 1, 1, 1, 1, 1, 0, 0);
        byte[] x = KernelTesting.Bytes(40 * 24, 1), f = KernelTesting.Weights(37 * 24, 2, unsigned: false);
        foreach (float scale in new[] { 1e4f, 3e8f })
        {
            var quantization = new LayerQuantization(1, 3, [scale], 0, 1, 100, -100, 120);
            byte[] expected = ConvInt8KernelTests.Reference(window, 1, quantization, x, f, [], false);
            foreach (Kernel kernel in KernelTesting.Assembled(c => ConvInt8Kernel.Create(window, 1, quantization, f, [], false, c)))
                KernelTesting.AssertSame(expected, KernelTesting.Run(kernel, expected.Length, x), $"{scale}");
        }
    }

    [TestMethod]
    public void Equal_shapes_share_their_code()
    {
        if (AssembledCode.TryCreate() is not { } code)
            return;
        var shape = new Int8TileShape(3, new PanelLayout(2, false), 1, 4, 16, 32, true, 0, default);
        AssembledFunction first = code.Get(shape, Int8TileEmitter.Emit);
        Assert.AreSame(first, code.Get(shape with { }, Int8TileEmitter.Emit));
        Assert.AreNotSame(first, code.Get(shape with { Rows = 2 }, Int8TileEmitter.Emit));
    }

    /// <summary>A random addition of another tensor to a layer's result, and what the ADD alone makes of both.</summary>
    internal static (ResidualAdd Residual, byte[] Expected) Residual(Random random, ResidualSide side, byte[] result, byte[] other)
    {
        int min = random.Next(-128, -90), max = random.Next(90, 128);
        var addition = new QuantizedAdd(new BinaryQuantization(
            0.02f + random.NextSingle(), random.Next(-128, 128), 0.02f + random.NextSingle(), random.Next(-128, 128), 0.7f,
            random.Next(-128, 128)));
        var expected = new byte[result.Length];
        for (int i = 0; i < expected.Length; i++)
        {
            float left = (sbyte)(side == ResidualSide.Left ? other : result)[i];
            float right = (sbyte)(side == ResidualSide.Left ? result : other)[i];
            float sum = MathF.Round(addition.Apply<Lanes1, float>(left + QuantizedAdd.Shift, right + QuantizedAdd.Shift))
                - QuantizedAdd.Shift;
            expected[i] = (byte)(sbyte)Math.Clamp(sum, min, max);
        }

        return (new ResidualAdd(side, addition.LeftFactor, addition.RightFactor, addition.Offset, min, max), expected);
    }
}
