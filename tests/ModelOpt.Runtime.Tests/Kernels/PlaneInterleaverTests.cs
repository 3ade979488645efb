using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Tests.Kernels;

[TestClass]
public sealed class PlaneInterleaverTests
{
    [TestMethod]
    [DataRow(2)]
    [DataRow(3)]
    [DataRow(4)]
    public void Any_number_of_pixels(int planes)
    {
        foreach (int pixels in (int[])[.. Enumerable.Range(1, 200), 1023, 1024, 1025, 3000])
        {
            byte[] x = KernelTesting.Bytes(2 * planes * pixels, pixels), expected = new byte[x.Length];
            byte[] tables = KernelTesting.Bytes(planes * 256, 7), mapped = new byte[x.Length];
            for (int i = 0; i < x.Length; i++)
            {
                int image = i / (planes * pixels), plane = i / pixels % planes, to = (((image * pixels) + (i % pixels)) * planes) + plane;
                expected[to] = x[i];
                mapped[to] = tables[(plane * 256) + x[i]];
            }

            foreach (SimdTier tier in KernelTesting.Tiers)
            {
                var interleaver = new PlaneInterleaver(planes, tier);
                KernelTesting.AssertSame(
                    expected, KernelTesting.Run(new InterleaveKernel(2, planes, pixels, null, interleaver), x.Length, x), $"{tier} {pixels}");
                KernelTesting.AssertSame(
                    mapped, KernelTesting.Run(new InterleaveKernel(2, planes, pixels, new LookupPlaneMap(tables), interleaver), x.Length, x),
                    $"{tier} {pixels} with tables");
            }
        }
    }
}
