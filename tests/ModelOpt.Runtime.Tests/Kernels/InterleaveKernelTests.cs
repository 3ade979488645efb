using System.Runtime.InteropServices;

namespace ModelOpt.Runtime.Tests.Kernels;

[TestClass]
internal sealed class InterleaveKernelTests
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
                    expected, KernelTesting.Run(new InterleaveKernel(2, planes, pixels, null, interleaver), x.Length, x),
                    $"{tier} {pixels}");
                KernelTesting.AssertSame(
                    mapped, KernelTesting.Run(new InterleaveKernel(2, planes, pixels, new LookupPlaneMap(tables), interleaver), x.Length,
                        x),
                    $"{tier} {pixels} with tables");
            }
        }
    }

    [TestMethod]
    public void Floats_are_quantized_on_the_way()
    {
        const int planes = 3, pixels = 1500;
        float[] x = KernelTesting.Floats(planes * pixels, 4);
        byte[] expected = new byte[x.Length];
        for (int i = 0; i < x.Length; i++)
            expected[(i % pixels * planes) + (i / pixels)] = unchecked((byte)(int)Math.Clamp(MathF.Round(x[i] / 0.01f) - 5, -128, 127));
        foreach (SimdTier tier in KernelTesting.Tiers)
        {
            var map = new QuantizingPlaneMap(new FloatQuantizer(0.01f, -5, 0, tier));
            var kernel = new InterleaveKernel(1, planes, pixels, map, new PlaneInterleaver(planes, tier));
            KernelTesting.AssertSame(expected, KernelTesting.Run(kernel, x.Length, MemoryMarshal.AsBytes<float>(x).ToArray()),
                tier.ToString());
        }
    }
}
