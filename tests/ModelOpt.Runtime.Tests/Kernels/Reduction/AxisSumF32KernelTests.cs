using System.Runtime.InteropServices;
using ModelOpt.Runtime.Kernels.Reduction;

namespace ModelOpt.Runtime.Tests.Kernels.Reduction;

[TestClass]
internal sealed class AxisSumF32KernelTests
{
    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Sums_are_those_of_double_precision(bool mean)
    {
        // Sums of float32 all round down here: 332 times 1.01 would end 1e-5 of it off.
        foreach (int inner in (int[])[1, 2, 3, 7, 16, 33])
        {
            foreach (int count in (int[])[1, 2, 15, 16, 17, 332])
            {
                float[] x = KernelTesting.Floats(2 * count * inner, inner + count);
                for (int i = 0; i < x.Length; i++) x[i] = 1.01f + (x[i] * 1e-3f);
                float[] expected = new float[2 * inner];
                for (int i = 0; i < expected.Length; i++)
                {
                    double sum = 0;
                    for (int k = 0; k < count; k++) sum += x[(((i / inner * count) + k) * inner) + (i % inner)];
                    expected[i] = (float)(sum / (mean ? count : 1));
                }

                byte[] actual = KernelTesting.Run(
                    new AxisSumF32Kernel(2, count, inner, mean), expected.Length * sizeof(float),
                    MemoryMarshal.AsBytes<float>(x).ToArray());
                ReadOnlySpan<float> y = MemoryMarshal.Cast<byte, float>(actual);
                for (int i = 0; i < expected.Length; i++) Assert.AreEqual(expected[i], y[i], 1e-7f * expected[i], $"{count} {inner} {i}");
            }
        }
    }
}
