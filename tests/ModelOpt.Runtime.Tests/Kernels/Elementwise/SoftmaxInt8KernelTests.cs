using ModelOpt.Runtime.Kernels.Elementwise;

namespace ModelOpt.Runtime.Tests.Kernels.Elementwise;

[TestClass]
internal sealed class SoftmaxInt8KernelTests
{
    [TestMethod]
    [DataRow(2, 0.05f, false)]
    [DataRow(4, 0.05f, false)]
    [DataRow(4, 0.02f, true)]
    [DataRow(10, 0.1f, false)]
    [DataRow(1001, 0.2f, true)]
    [DataRow(12, 3f, false)]
    public void It_is_the_nearest_step_of_the_exact_softmax(int depth, float scale, bool unsigned)
    {
        const int rows = 40;
        byte[] x = KernelTesting.Bytes(rows * depth, depth);
        var kernel = new SoftmaxInt8Kernel(rows, depth, scale, 1f / 256, unsigned ? 0 : -128, unsigned);
        byte[] y = KernelTesting.Run(kernel, x.Length, x);
        for (int row = 0; row < rows; row++)
        {
            int begin = row * depth;
            double sum = 0;
            for (int i = begin; i < begin + depth; i++)
                sum += Math.Exp(scale * Value(x[i]));
            for (int i = begin; i < begin + depth; i++)
            {
                double exact = Math.Exp(scale * Value(x[i])) / sum * 256;
                int q = Value(y[i]) - (unsigned ? 0 : -128);

                // 256 itself is beyond the range; float32 may round otherwise only where the exact value is a tie.
                Assert.AreEqual(Math.Min(exact, 255), q, 0.5001);
            }
        }

        int Value(byte value) => unsigned ? value : (sbyte)value;
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Every_pair(bool unsigned)
    {
        byte[] x = [.. Enumerable.Range(0, 65536).SelectMany(i => new[] { (byte)i, (byte)(i >> 8) })];
        byte[] y = KernelTesting.Run(new SoftmaxInt8Kernel(65536, 2, 0.03f, 1f / 256, unsigned ? 0 : -128, unsigned), x.Length, x);
        for (int i = 0; i < x.Length; i += 2)
        {
            int difference = unsigned ? x[i] - x[i + 1] : (sbyte)x[i] - (sbyte)x[i + 1];
            double first = 256 / (1 + Math.Exp(-0.03f * (double)difference));
            Assert.AreEqual(Math.Min(first, 255), unsigned ? y[i] : (sbyte)y[i] + 128, 0.5001);
            Assert.AreEqual(Math.Min(256 - first, 255), unsigned ? y[i + 1] : (sbyte)y[i + 1] + 128, 0.5001);
        }
    }

    [TestMethod]
    public void A_certain_class_saturates()
    {
        var kernel = new SoftmaxInt8Kernel(1, 3, 1f, 1f / 256, -128, unsigned: false);
        byte[] y = KernelTesting.Run(kernel, 3, [0x80, 0x7f, 0]);
        Assert.AreEqual(unchecked((byte)-128), y[0]);
        Assert.AreEqual((byte)127, y[1]);
        Assert.AreEqual(unchecked((byte)-128), y[2]);
    }
}
