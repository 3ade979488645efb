using ModelOpt.Runtime.Kernels.Elementwise;

namespace ModelOpt.Runtime.Tests.Kernels.Elementwise;

[TestClass]
internal sealed class SoftmaxF32KernelTests
{
    [TestMethod]
    [DataRow(1, 1f)]
    [DataRow(10, 1f)]
    [DataRow(33, 1f)]
    [DataRow(1001, 0.5f)]
    public void It_is_within_rounding_of_double_precision(int depth, float beta)
    {
        const int rows = 5;
        float[] x = [.. KernelTesting.Floats(rows * depth, depth).Select(value => value * 8)];
        float[] y = KernelTesting.RunFloat(new SoftmaxF32Kernel(rows, depth, beta), x.Length, x);
        for (int row = 0; row < rows; row++)
        {
            double max = x.Skip(row * depth).Take(depth).Max();
            double sum = x.Skip(row * depth).Take(depth).Sum(value => Math.Exp(beta * (value - max)));
            for (int i = row * depth; i < (row + 1) * depth; i++)
            {
                double wanted = Math.Exp(beta * (x[i] - max)) / sum;
                Assert.AreEqual(wanted, y[i], wanted * 5e-6);
            }
        }
    }

    [TestMethod]
    public void Not_a_number_spoils_its_row_alone()
    {
        foreach (int place in (int[])[0, 17, 40])
        {
            float[] x = KernelTesting.Floats(3 * 41, 1);
            x[41 + place] = float.NaN;
            float[] y = KernelTesting.RunFloat(new SoftmaxF32Kernel(3, 41, 1), x.Length, x);
            Assert.IsTrue(y.AsSpan(41, 41).ToArray().All(float.IsNaN));
            Assert.AreEqual(1, y.Take(41).Sum(), 1e-5);
            Assert.AreEqual(1, y.Skip(82).Sum(), 1e-5);
        }
    }
}
