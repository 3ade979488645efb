using ModelOpt.Runtime.Kernels.Movement;

namespace ModelOpt.Runtime.Tests.Kernels.Movement;

[TestClass]
internal sealed class ResizeBilinearKernelTests
{
    private const int Batch = 2, Height = 3, Width = 4, Channels = 9, NewHeight = 7, NewWidth = 11;

    [TestMethod]
    public void Float32_is_the_weighted_mean_of_four_pixels()
    {
        float[] x = KernelTesting.Floats(Batch * Height * Width * Channels, 1);
        double[] expected = Definition([.. x.Select(v => (double)v)]);
        float[] y = KernelTesting.RunFloat(
            new ResizeBilinearKernel<float>(Batch, Height, Width, Channels, Rows(), Columns()), expected.Length, x);
        for (int i = 0; i < y.Length; i++)
            Assert.AreEqual(expected[i], y[i], 1e-6, $"element {i}");
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Eight_bits_are_the_nearest_step(bool unsigned)
    {
        byte[] x = KernelTesting.Bytes(Batch * Height * Width * Channels, 2);
        double[] expected = Definition([.. x.Select(Value)]);
        byte[] y = unsigned
            ? KernelTesting.Run(new ResizeBilinearKernel<byte>(Batch, Height, Width, Channels, Rows(), Columns()), expected.Length, x)
            : KernelTesting.Run(new ResizeBilinearKernel<sbyte>(Batch, Height, Width, Channels, Rows(), Columns()), expected.Length, x);

        // float32 may round otherwise only where the exact value is a tie.
        for (int i = 0; i < y.Length; i++)
            Assert.AreEqual(expected[i], Value(y[i]), 0.5001, $"element {i}");

        double Value(byte stored) => unsigned ? stored : (sbyte)stored;
    }

    private static ResizeAxis Rows() => new(Height, NewHeight, false, true, nearest: false);

    private static ResizeAxis Columns() => new(Width, NewWidth, false, true, nearest: false);

    private static double[] Definition(double[] x)
    {
        var y = new double[Batch * NewHeight * NewWidth * Channels];
        for (int i = 0; i < y.Length; i++)
        {
            int c = i % Channels, column = i / Channels % NewWidth, row = i / (Channels * NewWidth) % NewHeight,
                n = i / (Channels * NewWidth * NewHeight);
            double down = Position(row, Height, NewHeight), across = Position(column, Width, NewWidth);
            for (int r = 0; r < Height; r++)
            {
                for (int k = 0; k < Width; k++)
                {
                    double weight = Math.Max(0, 1 - Math.Abs(down - r)) * Math.Max(0, 1 - Math.Abs(across - k));
                    y[i] += weight * x[(((((n * Height) + r) * Width) + k) * Channels) + c];
                }
            }
        }

        return y;

        static double Position(int i, int size, int newSize) => Math.Clamp(((i + 0.5) * size / newSize) - 0.5, 0, size - 1);
    }
}
