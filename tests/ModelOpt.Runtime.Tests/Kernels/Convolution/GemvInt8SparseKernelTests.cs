using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Kernels.Convolution;

namespace ModelOpt.Runtime.Tests.Kernels.Convolution;

/// <summary>Sparse fully connected layers of one sample, chosen or not, have the bits of the definition.</summary>
[TestClass]
internal sealed class GemvInt8SparseKernelTests
{
    // Last, so that what needs no assembled code is checked everywhere.
    [TestCleanup]
    public void RequireAssembled() => KernelTesting.RequireAssembled();

    [TestMethod]
    public void Every_number_of_inputs_and_outputs_up_to_140_with_any_share_of_zeros()
    {
        var random = new Random(41);
        for (int inputs = 1; inputs <= 140; inputs++)
        {
            for (int trial = 1; trial <= 3; trial++)
                Check(inputs, 1 + (inputs * 11 * trial % 139), random.NextDouble(), random, unsigned: trial == 3);
        }
    }

    [TestMethod]
    [DataRow(1280, 1001, 0.8)]
    [DataRow(3000, 65, 0.97)]
    [DataRow(2051, 40, 0.0)]
    [DataRow(700, 33, 1.0)]
    public void Long_rows(int inputs, int outputs, double sparsity) => Check(inputs, outputs, sparsity, new Random(42), unsigned: false);

    [TestMethod]
    public void Rows_of_very_different_numbers_of_blocks()
    {
        // One full row among empty ones; blocks at either end only; everything in one block.
        const int inputs = 500, outputs = 50;
        var random = new Random(43);
        byte[] full = KernelTesting.Weights(outputs * inputs, 1, unsigned: false), weights = new byte[full.Length];
        full.AsSpan(17 * inputs, inputs).CopyTo(weights.AsSpan(17 * inputs));
        for (int row = 20; row < 50; row++)
        {
            foreach (int at in row < 30 ? [0, inputs - 1] : row < 40 ? [row * 9] : (int[])[])
                weights[(row * inputs) + at] = full[(row * inputs) + at];
        }

        LayerQuantization quantization = KernelTesting.Quantization(random, outputs, 8, unsigned: false);
        Check(inputs, outputs, quantization, KernelTesting.Bytes(inputs, 2), weights, [], false);
    }

    [TestMethod]
    public void Extreme_values_do_not_saturate_in_the_sum()
    {
        const int inputs = 400, outputs = 20;
        byte[] x = new byte[inputs], w = new byte[inputs * outputs];
        foreach ((byte activation, byte weight, int zeroPoint) in new[] { ((byte)0x80, (byte)0x81, 127), ((byte)0x7f, (byte)0x7f, -128) })
        {
            x.AsSpan().Fill(activation);
            w.AsSpan().Fill(weight);
            foreach (float scale in new[] { 1e-6f, 1f, 3e8f })
            {
                var quantization = new LayerQuantization(1, zeroPoint, [scale], 0, 3f, 5, -128, 127);
                Check(inputs, outputs, quantization, x, w, [.. Enumerable.Repeat(int.MaxValue / 2, outputs)], false);
            }
        }
    }

    [TestMethod]
    public void A_result_between_others_leaves_them_alone()
    {
        const int inputs = 90, outputs = 37;
        var random = new Random(44);
        byte[] x = KernelTesting.Bytes(inputs, 1), f = ConvInt8SparseKernelTests.Weights(random, outputs, inputs, inputs, 0.7, false, 0);
        LayerQuantization layer = KernelTesting.Quantization(random, outputs, inputs, unsigned: false);
        byte[] expected = new byte[60];
        expected.AsSpan().Fill(0xa5);
        ConvInt8KernelTests.Reference(Pixel(inputs, outputs), 1, layer, x, f, [], false).CopyTo(expected.AsSpan(11));
        foreach (Kernel kernel in KernelTesting.AssembledWide(
            c => GemvInt8SparseKernel.TryCreate(inputs, outputs, layer, [.. f.Select(v => (sbyte)v)], [], false, c, 11, int.MaxValue), 2))
        {
            KernelTesting.AssertSame(expected, KernelTesting.Run(kernel, expected.Length, x), "among others");
        }
    }

    [TestMethod]
    [DataRow(0.0, false)]
    [DataRow(0.3, false)]
    [DataRow(0.7, true)]
    [DataRow(1.0, true)]
    public void Chosen_where_many_blocks_are_zero(double sparsity, bool sparse)
    {
        const int inputs = 640, outputs = 300;
        var random = new Random(45);
        byte[] x = KernelTesting.Bytes(inputs, 1),
            f = ConvInt8SparseKernelTests.Weights(random, outputs, inputs, inputs, sparsity, false, 0);
        LayerQuantization layer = KernelTesting.Quantization(random, outputs, inputs, unsigned: false);
        byte[] expected = ConvInt8KernelTests.Reference(Pixel(inputs, outputs), 1, layer, x, f, [], false);
        foreach (int threads in new[] { 1, 2, 3 })
        {
            foreach (Kernel chosen in KernelTesting.AssembledWide(
                c => FullyConnected.Int8(1, inputs, outputs, layer, f, [], false, c), threads))
            {
                Assert.AreEqual(sparse, chosen is GemvInt8SparseKernel, $"{threads} threads");
                Assert.IsTrue(!sparse || threads == 1 || chosen.Items > 1, "one item for several threads");
                KernelTesting.AssertSame(expected, KernelTesting.Run(chosen, expected.Length, x), $"{threads} threads");
            }
        }

        Kernel vectors = FullyConnected.Int8(1, inputs, outputs, layer, f, [], false, null);
        KernelTesting.AssertSame(expected, KernelTesting.Run(vectors, expected.Length, x), "without assembled code");
    }

    private static void Check(int inputs, int outputs, double sparsity, Random random, bool unsigned)
    {
        byte[] x = KernelTesting.Bytes(inputs, random.Next());
        LayerQuantization quantization = KernelTesting.Quantization(random, outputs, inputs, unsigned) with
        {
            WeightZeroPoint = unsigned ? 128 : 0,
        };
        byte[] f = ConvInt8SparseKernelTests.Weights(random, outputs, inputs, inputs, sparsity, unsigned, quantization.WeightZeroPoint);
        int[] bias = random.Next(2) == 0 ? [] : [.. Enumerable.Range(0, outputs).Select(_ => random.Next(-9999, 9999))];
        Check(inputs, outputs, quantization, x, f, bias, unsigned);
    }

    private static void Check(int inputs, int outputs, LayerQuantization quantization, byte[] x, byte[] f, int[] bias, bool unsigned)
    {
        byte[] expected = ConvInt8KernelTests.Reference(Pixel(inputs, outputs), 1, quantization, x, f, bias, unsigned);
        Assert.IsTrue(ConvInt8AssembledKernel.TryCenter(f, quantization.WeightZeroPoint, unsigned, out ReadOnlySpan<sbyte> centered));
        sbyte[] weights = centered.ToArray();
        foreach (int threads in new[] { 1, 2 })
        {
            foreach (Kernel kernel in KernelTesting.AssembledWide(
                c => GemvInt8SparseKernel.TryCreate(inputs, outputs, quantization, weights, bias, unsigned, c, 0, int.MaxValue), threads))
            {
                KernelTesting.AssertSame(expected, KernelTesting.Run(kernel, expected.Length, x),
                    $"{inputs} > {outputs}, {threads} threads");
            }
        }
    }

    private static Window2D Pixel(int inputs, int outputs) => new(1, 1, 1, inputs, 1, 1, outputs, 1, 1, 1, 1, 1, 1, 0, 0);
}
