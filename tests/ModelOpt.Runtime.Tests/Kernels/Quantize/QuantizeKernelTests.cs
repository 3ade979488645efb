using System.Runtime.InteropServices;
using ModelOpt.Runtime.Kernels.Quantize;

namespace ModelOpt.Runtime.Tests.Kernels.Quantize;

/// <summary>Items of any length; what becomes of a number is in <see cref="FloatQuantizerTests"/>.</summary>
[TestClass]
internal sealed class QuantizeKernelTests
{
    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Any_number_of_elements(bool unsigned)
    {
        foreach (int length in (int[])[.. Enumerable.Range(1, 40), 4095, 4096, 4097, 9000])
        {
            float[] x = KernelTesting.Floats(length, length);
            byte[] expected = [.. x.Select(
                v => unchecked((byte)((int)Math.Clamp(MathF.Round(v / 0.011f) + 4, -128, 127) + (unsigned ? 128 : 0))))];
            foreach (SimdTier tier in KernelTesting.Tiers)
            {
                var kernel = new QuantizeKernel(length, new FloatQuantizer(0.011f, 4, (byte)(unsigned ? 0x80 : 0), tier));
                KernelTesting.AssertSame(
                    expected, KernelTesting.Run(kernel, length, MemoryMarshal.AsBytes<float>(x).ToArray()), $"{tier} {length}");
            }
        }
    }
}
