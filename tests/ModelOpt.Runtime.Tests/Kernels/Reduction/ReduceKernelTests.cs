using System.Runtime.InteropServices;
using ModelOpt.Runtime.Kernels.Reduction;

namespace ModelOpt.Runtime.Tests.Kernels.Reduction;

[TestClass]
internal sealed class ReduceKernelTests
{
    [TestMethod]
    public void Float32_is_summed_in_double_precision_over_axes_that_are_not_neighbours()
    {
        int[] shape = [40, 3, 50];
        float[] x = KernelTesting.Floats(40 * 3 * 50, 7);
        double[] sums = new double[3];
        for (int i = 0; i < x.Length; i++) sums[i / 50 % 3] += x[i] = 1.01f + (x[i] * 1e-3f);
        byte[] actual = KernelTesting.Run(
            new ReduceKernel<float, double>(new ReduceShape(shape, [true, false, true]), mean: true), 3 * sizeof(float),
            MemoryMarshal.AsBytes<float>(x).ToArray());
        ReadOnlySpan<float> y = MemoryMarshal.Cast<byte, float>(actual);
        for (int c = 0; c < 3; c++) Assert.AreEqual((float)(sums[c] / 2000), y[c]);
    }
}
