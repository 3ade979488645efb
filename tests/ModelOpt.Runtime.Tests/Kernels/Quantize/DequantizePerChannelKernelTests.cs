using System.Runtime.InteropServices;
using ModelOpt.Runtime.Kernels.Quantize;

namespace ModelOpt.Runtime.Tests.Kernels.Quantize;

[TestClass]
internal sealed class DequantizePerChannelKernelTests
{
    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Each_channel_has_a_scale_and_a_zero_point(bool unsigned)
    {
        float[] scales = [0.5f, 0.01f, 3e-5f];
        int[] zeros = unsigned ? [128, 0, 255] : [0, -7, 127];
        foreach ((int outer, int inner) in ((int, int)[])[(1, 1), (4, 1), (1, 9), (3, 50)])
        {
            byte[] x = KernelTesting.Bytes(outer * 3 * inner, inner);
            float[] expected = [.. x.Select((v, i) => ((unsigned ? v : (sbyte)v) - zeros[i / inner % 3]) * scales[i / inner % 3])];
            byte[] y = KernelTesting.Run(new DequantizePerChannelKernel(outer, 3, inner, scales, zeros, unsigned), x.Length * sizeof(float),
                x);
            KernelTesting.AssertSameBits(expected, MemoryMarshal.Cast<byte, float>(y), $"{outer}×3×{inner}");
        }
    }
}
