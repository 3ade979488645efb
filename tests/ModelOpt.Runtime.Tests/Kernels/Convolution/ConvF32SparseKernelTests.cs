using ModelOpt.Runtime.Kernels.Convolution;

namespace ModelOpt.Runtime.Tests.Kernels.Convolution;

/// <summary>Sparse float32 convolutions, chosen or not, have the bits of the definition, which multiplies zeros too.</summary>
[TestClass]
internal sealed class ConvF32SparseKernelTests
{
    [TestMethod]
    public void Every_tier_equals_the_definition()
    {
        var random = new Random(51);
        for (int trial = 0; trial < 200; trial++)
        {
            int inputs = trial % 10 == 0 ? random.Next(60, 200) : random.Next(1, 40);
            Window2D window = KernelTesting.RandomWindow(random, inputs, random.Next(1, 40), maxSize: 11);
            Check(window, random, trial, new ConvDestination(window.OutputChannels, 0, false, 0, 0));
        }
    }

    [TestMethod]
    public void Every_number_of_pixels()
    {
        var random = new Random(52);
        for (int pixels = 1; pixels <= 150; pixels++)
        {
            var window = new Window2D(1, 1, pixels, 17, 1, pixels, 1 + (pixels % 23), 1, 1, 1, 1, 1, 1, 0, 0);
            Check(window, random, pixels, new ConvDestination(window.OutputChannels, 0, false, 0, 0));
        }
    }

    [TestMethod]
    public void A_result_among_others_and_an_addition()
    {
        var random = new Random(53);
        for (int trial = 0; trial < 60; trial++)
        {
            int outputs = random.Next(1, 40), stride = outputs + random.Next(20);
            Window2D window = KernelTesting.RandomWindow(random, random.Next(1, 40), outputs, maxSize: 9);
            Check(window, random, trial, trial % 2 == 0
                ? new ConvDestination(stride, random.Next(stride - outputs + 1), false, 0, 0)
                : new ConvDestination(outputs, 0, true, -0.5f, 2));
        }
    }

    [TestMethod]
    [DataRow(0.0, false)]
    [DataRow(0.3, false)]
    [DataRow(0.7, true)]
    [DataRow(1.0, true)]
    public void Chosen_where_many_weights_are_zero_on_every_tier(double sparsity, bool sparse)
    {
        foreach (int kernel in new[] { 1, 3 })
        {
            var w = new Window2D(1, 14, 14, 128, 14, 14, 128, kernel, kernel, 1, 1, 1, 1, kernel / 2, kernel / 2);
            float[] f = Weights(new Random(54), 128 * kernel * kernel * 128, sparsity);
            foreach (SimdTier tier in KernelTesting.Tiers)
                Assert.AreEqual(sparse, ConvF32Kernel.Create(w, 1, f, [], 0, 6, tier) is ConvF32SparseKernel, $"{kernel}x{kernel}, {tier}");
            Assert.IsNotInstanceOfType<ConvF32SparseKernel>(ConvF32Kernel.Create(w, 2, f.AsSpan(0, f.Length / 2), [], 0, 6), "groups");
        }
    }

    private static void Check(Window2D w, Random random, int seed, ConvDestination destination)
    {
        int k = w.KernelHeight * w.KernelWidth * w.InputChannels, pixels = w.Batch * w.OutputHeight * w.OutputWidth;
        float[] x = KernelTesting.Floats(w.Batch * w.InputHeight * w.InputWidth * w.InputChannels, seed);
        float[] f = Weights(random, w.OutputChannels * k, random.Next(4) == 0 ? random.Next(2) : random.NextDouble());
        float[] bias = seed % 3 == 0 ? [] : KernelTesting.Floats(w.OutputChannels, seed + 2);
        (float low, float high) = seed % 4 < 2 ? (0f, 6f) : (float.NegativeInfinity, float.PositiveInfinity);
        float[] alone = ConvF32KernelTests.Reference(w, 1, x, f, bias, low, high), other = KernelTesting.Floats(alone.Length, seed + 3);
        // What lies between results stays the garbage that the memory holds.
        var expected = new float[pixels * destination.Stride];
        Array.Fill(expected, BitConverter.UInt32BitsToSingle(0xa5a5a5a5));
        for (int i = 0; i < alone.Length; i++)
        {
            float value = destination.Add ? Math.Clamp(alone[i] + other[i], destination.Low, destination.High) : alone[i];
            expected[(i / w.OutputChannels * destination.Stride) + destination.Offset + (i % w.OutputChannels)] = value;
        }

        foreach (SimdTier tier in KernelTesting.Tiers)
        {
            var kernel = new ConvF32SparseKernel(w, f, bias, low, high, tier, destination);
            float[] actual = KernelTesting.RunFloat(kernel, expected.Length, x, [], [], other);
            KernelTesting.AssertSameBits(expected, actual, $"{tier} {destination} {w}");
        }
    }

    private static float[] Weights(Random random, int count, double sparsity)
    {
        float[] weights = KernelTesting.Floats(count, random.Next());
        for (int i = 0; i < count; i++)
            weights[i] = random.NextDouble() < sparsity ? 0 : weights[i];
        return weights;
    }
}
