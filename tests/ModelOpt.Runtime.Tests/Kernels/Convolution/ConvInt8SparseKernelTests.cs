using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Assembled;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Kernels.Convolution;

namespace ModelOpt.Runtime.Tests.Kernels.Convolution;

/// <summary>Sparse convolutions, chosen or not, have the bits of the definition.</summary>
[TestClass]
internal sealed class ConvInt8SparseKernelTests
{
    // Last, so that what needs no assembled code is checked everywhere.
    [TestCleanup]
    public void RequireAssembled() => KernelTesting.RequireAssembled();

    [TestMethod]
    public void Every_channel_count_up_to_70_with_any_share_of_zeros()
    {
        var random = new Random(31);
        for (int channels = 1; channels <= 70; channels++)
        {
            for (int trial = 1; trial <= 5; trial++)
            {
                int outputs = channels * 11 * trial % 71, pixels = random.Next(1, 140);
                Window2D window = trial switch
                {
                    1 => new Window2D(1, 1, pixels, channels, 1, pixels, outputs, 1, 1, 1, 1, 1, 1, 0, 0),
                    2 => new Window2D(2, 5, 7, channels, 3, 4, outputs, 1, 1, 2, 2, 1, 1, 0, 0),
                    3 => new Window2D(1, 3, 9, channels, 3, 9, outputs, 3, 3, 1, 1, 1, 1, 1, 1),
                    _ => KernelTesting.RandomWindow(random, channels, outputs, maxSize: 10),
                };
                Check(window, random, channels + trial);
            }
        }
    }

    [TestMethod]
    public void Groups_of_any_multiple_of_four_channels()
    {
        var random = new Random(36);
        for (int trial = 0; trial < 60; trial++)
        {
            int groups = random.Next(2, 9), inputs = groups * 4 * random.Next(1, 6), outputs = groups * random.Next(1, 12);
            Window2D window = trial % 4 == 0
                ? new Window2D(1, 1, trial + 1, inputs, 1, trial + 1, outputs, 1, 1, 1, 1, 1, 1, 0, 0)
                : KernelTesting.RandomWindow(random, inputs, outputs, maxSize: 10);
            Check(window, random, trial, groups);
        }
    }

    [TestMethod]
    [DataRow(4, 0.0, true)]
    [DataRow(32, 0.9, true)]
    [DataRow(64, 0.0, false)]
    [DataRow(6, 0.9, false)]
    public void Chosen_of_groups_that_are_narrow_or_have_zeros(int inputs, double sparsity, bool sparse)
    {
        var random = new Random(37);
        var w = new Window2D(1, 14, 14, 4 * inputs, 14, 14, 4 * inputs, 3, 3, 1, 1, 1, 1, 1, 1);
        byte[] f = Weights(random, w.OutputChannels, inputs, 9 * inputs, sparsity, unsigned: false, 0);
        LayerQuantization layer = KernelTesting.Quantization(random, w.OutputChannels, 9 * inputs, unsigned: false);
        foreach (Kernel chosen in KernelTesting.AssembledWide(c => ConvInt8Kernel.Create(w, 4, layer, f, [], false, c)))
            Assert.AreEqual(sparse, chosen is ConvInt8SparseKernel, $"{inputs} channels");
    }

    [TestMethod]
    public void An_addition_has_the_bits_of_one_that_follows()
    {
        var random = new Random(38);
        for (int channels = 1; channels <= 70; channels++)
        {
            int groups = channels % 5 == 0 ? 5 : 1, inputs = groups > 1 ? 20 : random.Next(1, 40);
            Window2D w = KernelTesting.RandomWindow(random, inputs, channels, 9);
            int k = w.KernelHeight * w.KernelWidth * inputs / groups, length = w.Batch * w.OutputHeight * w.OutputWidth * channels;
            byte[] x = KernelTesting.Bytes(w.Batch * w.InputHeight * w.InputWidth * inputs, channels);
            byte[] f = Weights(random, channels, inputs / groups, k, 0.7, unsigned: false, 0),
                other = KernelTesting.Bytes(length, channels + 2);
            LayerQuantization layer = KernelTesting.Quantization(random, channels, k, unsigned: false);
            byte[] result = ConvInt8KernelTests.Reference(w, groups, layer, x, f, [], false);
            sbyte[] weights = [.. f.Select(value => (sbyte)value)];
            foreach (ResidualSide side in new[] { ResidualSide.Left, ResidualSide.Right })
            {
                (ResidualAdd residual, byte[] expected) = ConvInt8AssembledKernelTests.Residual(random, side, result, other);
                foreach (Kernel kernel in KernelTesting.Assembled(
                    c => new ConvInt8SparseKernel(w, groups, layer, weights, [], false, c, residual)))
                    KernelTesting.AssertSame(expected, KernelTesting.Run(kernel, length, x, [], [], other), $"{side} groups {groups} {w}");
            }
        }
    }

    [TestMethod]
    public void Extreme_values_do_not_saturate_in_the_sum()
    {
        var window = new Window2D(1, 5, 8, 64, 5, 8, 33, 3, 3, 1, 1, 1, 1, 1, 1);
        byte[] x = new byte[40 * 64], w = new byte[33 * 9 * 64];
        foreach ((byte activation, byte weight, int zeroPoint) in new[] { ((byte)0x80, (byte)0x81, 127), ((byte)0x7f, (byte)0x7f, -128) })
        {
            x.AsSpan().Fill(activation);
            w.AsSpan().Fill(weight);
            w.AsSpan(0, 9 * 64).Clear();
            foreach (float scale in new[] { 1e-6f, 1f, 3e8f })
            {
                var quantization = new LayerQuantization(1, zeroPoint, [scale], 0, 3f, 5, -128, 127);
                Check(window, 1, quantization, x, w, [.. Enumerable.Repeat(int.MaxValue / 2, 33)], false, 3);
            }
        }
    }

    [TestMethod]
    public void A_result_between_others_leaves_them_alone()
    {
        var random = new Random(33);
        for (int channels = 1; channels <= 70; channels++)
        {
            Window2D w = KernelTesting.RandomWindow(random, random.Next(1, 40), channels, 9);
            int pixels = w.Batch * w.OutputHeight * w.OutputWidth, k = w.KernelHeight * w.KernelWidth * w.InputChannels;
            byte[] x = KernelTesting.Bytes(w.Batch * w.InputHeight * w.InputWidth * w.InputChannels, channels);
            byte[] f = Weights(random, channels, w.InputChannels, k, 0.7, unsigned: false, 0);
            LayerQuantization layer = KernelTesting.Quantization(random, channels, k, unsigned: false);
            byte[] alone = ConvInt8KernelTests.Reference(w, 1, layer, x, f, [], false);
            var place = new ChannelPlace(channels + random.Next(70), 0);
            place = place with { First = random.Next(place.Pitch - channels + 1) };
            sbyte[] weights = [.. f.Select(value => (sbyte)value)];
            foreach (Kernel kernel in KernelTesting.Assembled(
                c => new ConvInt8SparseKernel(w, 1, layer, weights, [], false, c, place: place)))
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
    [DataRow(0.0, false)]
    [DataRow(0.3, false)]
    [DataRow(0.9, true)]
    [DataRow(1.0, true)]
    public void Chosen_where_many_blocks_are_zero(double sparsity, bool sparse)
    {
        var random = new Random(34);
        foreach (int kernel in new[] { 1, 3 })
        {
            var w = new Window2D(1, 14, 14, 128, 14, 14, 128, kernel, kernel, 1, 1, 1, 1, kernel / 2, kernel / 2);
            int k = kernel * kernel * 128;
            byte[] x = KernelTesting.Bytes(196 * 128, 1), f = Weights(random, 128, 128, k, sparsity, unsigned: false, 0);
            LayerQuantization layer = KernelTesting.Quantization(random, 128, k, unsigned: false);
            byte[] expected = ConvInt8KernelTests.Reference(w, 1, layer, x, f, [], false);
            foreach (int threads in new[] { 1, 2, 3 })
            {
                foreach (Kernel chosen in KernelTesting.AssembledWide(c => ConvInt8Kernel.Create(w, 1, layer, f, [], false, c), threads))
                {
                    Assert.AreEqual(sparse, chosen is ConvInt8SparseKernel, $"{kernel}x{kernel}, {threads} threads");
                    Assert.IsTrue(!sparse || threads == 1 || chosen.Items % threads == 0, $"{chosen.Items} items for {threads} threads");
                    KernelTesting.AssertSame(expected, KernelTesting.Run(chosen, expected.Length, x),
                        $"{kernel}x{kernel}, {threads} threads");
                }
            }
        }
    }

    [TestMethod]
    public void Not_chosen_where_a_tile_would_fill_the_memory()
    {
        LayerQuantization layer = KernelTesting.Quantization(new Random(35), 16, 64, unsigned: false);
        foreach ((int inputs, bool sparse) in new[] { (4096, true), (400_000, false) })
        {
            var w = new Window2D(1, 1, 128, inputs, 1, 128, 16, 1, 1, 1, 1, 1, 1, 0, 0);
            foreach (Kernel chosen in KernelTesting.AssembledWide(
                c => ConvInt8Kernel.Create(w, 1, layer, new byte[16 * inputs], [], false, c)))
            {
                Assert.AreEqual(sparse, chosen is ConvInt8SparseKernel, $"{inputs} inputs");
                Assert.IsLessThan(4 << 20, chosen.ScratchBytes);
            }
        }
    }

    [TestMethod]
    public void Zero_blocks_are_those_of_one_tap()
    {
        sbyte[] weights = [0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        Assert.AreEqual(1, SparseBlocks.Count(weights, 16));
        Assert.AreEqual(1, SparseBlocks.Count(weights.AsSpan(0, 15), 5));
        Assert.AreEqual(2, SparseBlocks.Count([1, 0, 0, 0, 0, 7], 3));
        Assert.AreEqual(0, SparseBlocks.Count(weights.AsSpan(5, 9), 3));
    }

    private static void Check(Window2D w, Random random, int seed, int groups = 1)
    {
        bool unsigned = seed % 3 == 0;
        int inputs = w.InputChannels / groups, k = w.KernelHeight * w.KernelWidth * inputs;
        byte[] x = KernelTesting.Bytes(w.Batch * w.InputHeight * w.InputWidth * w.InputChannels, seed);
        LayerQuantization quantization = KernelTesting.Quantization(random, w.OutputChannels, k, unsigned) with
        {
            WeightZeroPoint = unsigned ? 128 : 0,
        };
        double sparsity = random.Next(4) == 0 ? random.Next(2) : random.NextDouble();
        byte[] f = Weights(random, w.OutputChannels, inputs, k, sparsity, unsigned, quantization.WeightZeroPoint);
        int[] bias = seed % 2 == 0 ? [] : [.. Enumerable.Range(0, w.OutputChannels).Select(_ => random.Next(-9999, 9999))];
        Check(w, groups, quantization, x, f, bias, unsigned, random.Next(1, 9));
    }

    /// <summary>With the tiles that are chosen, and with tiles of other lengths.</summary>
    private static void Check(
        Window2D w, int groups, LayerQuantization quantization, byte[] x, byte[] f, int[] bias, bool unsigned, int registers)
    {
        byte[] expected = ConvInt8KernelTests.Reference(w, groups, quantization, x, f, bias, unsigned);
        Assert.IsTrue(ConvInt8AssembledKernel.TryCenter(f, quantization.WeightZeroPoint, unsigned, out ReadOnlySpan<sbyte> centered));
        sbyte[] weights = centered.ToArray();
        foreach (bool chosen in (bool[])[true, false])
        {
            foreach (Kernel kernel in KernelTesting.Assembled(
                c => new ConvInt8SparseKernel(w, groups, quantization, weights, bias, unsigned, c, tiling: Tiling(c.Target))))
            {
                string tiles = chosen ? "chosen tiles" : $"{registers} registers";
                KernelTesting.AssertSame(expected, KernelTesting.Run(kernel, expected.Length, x), $"{tiles}, groups {groups} {w}");
            }

            SparseTiling? Tiling(Target target) =>
                chosen ? null : SparseTiling.Create(target, w.Batch * w.OutputHeight * w.OutputWidth, 1, registers);
        }
    }

    /// <summary>Blocks of four channels of a tap are zero with the probability asked for.</summary>
    internal static byte[] Weights(Random random, int outputs, int inputs, int k, double sparsity, bool unsigned, int zeroPoint)
    {
        byte[] weights = KernelTesting.Weights(outputs * k, random.Next(), unsigned);
        for (int tap = 0; tap < weights.Length; tap += inputs)
        {
            for (int i = 0; i < inputs; i++)
            {
                if (i % 4 == 0 && random.NextDouble() < sparsity)
                    weights.AsSpan(tap + i, Math.Min(4, inputs - i)).Fill((byte)zeroPoint);
            }
        }

        return weights;
    }
}
