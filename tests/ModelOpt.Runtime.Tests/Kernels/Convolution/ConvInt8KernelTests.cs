using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Kernels.Convolution;

namespace ModelOpt.Runtime.Tests.Kernels.Convolution;

[TestClass]
internal sealed class ConvInt8KernelTests
{
    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Every_tier_equals_the_definition(bool unsigned)
    {
        var random = new Random(21);
        for (int trial = 0; trial < 150; trial++)
        {
            int groups = random.Next(3) == 0 ? random.Next(2, 5) : 1;
            Window2D window = KernelTesting.RandomWindow(random, groups * random.Next(1, 20), groups * random.Next(1, 40), maxSize: 11);
            Check(window, groups, unsigned, trial);
        }
    }

    [TestMethod]
    public void Every_channel_count_up_to_70_in_and_out()
    {
        // For a fixed trial, outputs take every count as inputs do: multiples of what 71, a prime, does not divide.
        var random = new Random(22);
        for (int inputs = 1; inputs <= 70; inputs++)
        {
            for (int trial = 1; trial <= 6; trial++)
            {
                int outputs = inputs * 11 * trial % 71, pixels = ((inputs + trial) % 13) + 1;
                int groups = trial == 6 && inputs * 3 <= 70 ? 3 : 1;
                Window2D window = trial switch
                {
                    1 => new Window2D(1, 1, pixels, inputs, 1, pixels, outputs, 1, 1, 1, 1, 1, 1, 0, 0),
                    2 => new Window2D(2, 5, 2 * pixels, inputs, 3, pixels, outputs, 1, 1, 2, 2, 1, 1, 0, 0),
                    3 => new Window2D(1, 2, pixels, inputs, 2, pixels, outputs, 3, 3, 1, 1, 1, 1, 1, 1),
                    _ => KernelTesting.RandomWindow(random, inputs * groups, outputs * groups, maxSize: 6),
                };
                Check(window, groups, unsigned: (inputs + trial) % 3 == 0, (inputs * 7) + trial);
            }
        }
    }

    [TestMethod]
    public void Every_length_of_rows_and_lines()
    {
        for (int height = 1; height <= 3; height++)
        {
            for (int width = 1; width <= 40; width++)
            {
                int stride = 1 + (width % 2), columns = (width + stride - 1) / stride;
                Check(new Window2D(1, height, width, 5, height, width, 19, 1, 1, 1, 1, 1, 1, 0, 0), 1, false, width);
                Check(new Window2D(1, height, width, 4, height, columns, 37, 1, 3, 1, stride, 1, 1, 0, 1), 1, true, width);
            }
        }
    }

    [TestMethod]
    public void Extreme_values_of_everything()
    {
        var window = new Window2D(1, 3, 4, 9, 3, 4, 35, 3, 3, 1, 1, 1, 1, 1, 1);
        byte[] x = new byte[12 * 9], w = new byte[35 * 81];
        var cases =
            from activation in (byte[])[0x80, 0x7f]
            from weight in (byte[])[0x80, 0x81, 0x7f]
            from zeroPoint in (int[])[-128, 0, 127]
            from bias in (int[])[int.MinValue, 0, int.MaxValue]
            from scale in (float[])[1e-7f, 1e-3f, 1e6f]
            select (activation, weight, zeroPoint, bias, scale);
        foreach ((byte activation, byte weight, int zeroPoint, int bias, float scale) in cases)
        {
            x.AsSpan().Fill(activation);
            w.AsSpan().Fill(weight);
            w[0] = x[0] = 1;
            int[] biases = [.. Enumerable.Repeat(bias, 35)];
            var quantization = new LayerQuantization(1, zeroPoint, [scale], 0, 1, -zeroPoint / 2, -128, 127);
            byte[] expected = Reference(window, 1, quantization, x, w, biases, false);
            foreach ((string name, Kernel kernel) in Kernels(window, 1, quantization, w, biases, false))
                KernelTesting.AssertSame(expected, KernelTesting.Run(kernel, expected.Length, x),
                    $"{name} {(activation, weight, zeroPoint, bias, scale)}");
        }
    }

    [TestMethod]
    public void Extreme_values_do_not_saturate_in_the_sum()
    {
        var window = new Window2D(1, 8, 8, 64, 8, 8, 33, 3, 3, 1, 1, 1, 1, 1, 1);
        byte[] x = new byte[64 * 64], w = new byte[33 * 9 * 64];
        x.AsSpan().Fill(0x80);
        w.AsSpan().Fill(0x81);
        var quantization = new LayerQuantization(1, 127, [1f], 0, 300_000f, 0, -128, 127);
        byte[] expected = Reference(window, 1, quantization, x, w, [], false);
        Assert.AreEqual(62, expected[33 * 9]); // 255·127·576 / 300,000 = 62.2 away from the border
        foreach ((string name, Kernel kernel) in Kernels(window, 1, quantization, w, [], false))
            KernelTesting.AssertSame(expected, KernelTesting.Run(kernel, expected.Length, x), name);
    }

    [TestMethod]
    public void Ties_round_to_even()
    {
        var window = new Window2D(1, 1, 8, 1, 1, 8, 1, 1, 1, 1, 1, 1, 1, 0, 0);
        byte[] x = [1, 3, 5, 7, 255, 253, 251, 249];
        var quantization = new LayerQuantization(1, 0, [1f], 0, 2, 1, -128, 127);
        byte[] expected = [1, 3, 3, 5, 1, 255, 255, 253]; // ½→0, 1½→2, 2½→2, 3½→4 and their negatives, plus 1
        foreach ((string name, Kernel kernel) in Kernels(window, 1, quantization, [1], [], false))
            KernelTesting.AssertSame(expected, KernelTesting.Run(kernel, 8, x), name);
    }

    internal static void Check(Window2D w, int groups, bool unsigned, int seed)
    {
        int k = w.KernelHeight * w.KernelWidth * (w.InputChannels / groups);
        byte[] x = KernelTesting.Bytes(w.Batch * w.InputHeight * w.InputWidth * w.InputChannels, seed);
        byte[] f = KernelTesting.Weights(w.OutputChannels * k, seed + 1, unsigned);
        var random = new Random(seed);
        int[] bias = seed % 3 == 0 ? [] : [.. Enumerable.Range(0, w.OutputChannels).Select(_ => random.Next(-9999, 9999))];
        LayerQuantization quantization = KernelTesting.Quantization(random, w.OutputChannels, k, unsigned);
        byte[] expected = Reference(w, groups, quantization, x, f, bias, unsigned);
        foreach ((string name, Kernel kernel) in Kernels(w, groups, quantization, f, bias, unsigned))
            KernelTesting.AssertSame(expected, KernelTesting.Run(kernel, expected.Length, x), $"{name} groups {groups} {w}");
    }

    /// <summary>All tiers with all forms of operands, and the assembled kernel.</summary>
    private static IEnumerable<(string Name, Kernel Kernel)> Kernels(
        Window2D window, int groups, LayerQuantization quantization, byte[] weights, int[] bias, bool unsigned)
    {
        foreach (Int8Form form in Enum.GetValues<Int8Form>())
        {
            foreach (SimdTier tier in KernelTesting.Tiers)
                yield return ($"{form} {tier}", new ConvInt8Kernel(window, groups, quantization, weights, bias, unsigned, tier, form));
        }

        foreach (Kernel kernel in KernelTesting.Assembled(
            c => ConvInt8Kernel.Create(window, groups, quantization, weights, bias, unsigned, c)))
            yield return ("assembled", kernel);
    }

    internal static byte[] Reference(
        Window2D w, int groups, LayerQuantization q, byte[] x, byte[] f, int[] bias, bool unsigned) =>
        new ConvolutionReferenceInt8(w, groups, depthwise: false, f, bias, q, unsigned).Of(x);
}
