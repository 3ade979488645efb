using System.Runtime.InteropServices;
using ModelOpt.Runtime.Kernels.Quantize;

namespace ModelOpt.Runtime.Tests.Kernels.Quantize;

[TestClass]
internal sealed class DequantizeKernelTests
{
    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Any_number_of_bytes(bool unsigned)
    {
        foreach (int length in (int[])[.. Enumerable.Range(1, 40), 256, 9000])
        {
            byte[] x = [.. Enumerable.Range(0, length).Select(i => (byte)(i * 7))];
            int zero = unsigned ? 131 : 3;
            float[] expected = [.. x.Select(v => ((unsigned ? v : (sbyte)v) - zero) * 0.0213f)];
            var kernel = new DequantizeKernel(length, 0.0213f, unsigned ? zero - 128 : zero, (byte)(unsigned ? 0x80 : 0));
            byte[] y = KernelTesting.Run(kernel, length * sizeof(float), x);
            KernelTesting.AssertSameBits(expected, MemoryMarshal.Cast<byte, float>(y), $"{length} bytes");
        }
    }
}
