using ModelOpt.Runtime.Kernels.Elementwise;

namespace ModelOpt.Runtime.Tests.Kernels.Elementwise;

/// <summary>
/// The bits of the general product, whose every pair of bytes <see cref="BinaryInt8KernelTests"/> holds against the formula.
/// </summary>
[TestClass]
internal sealed class ScaleChannelsInt8KernelTests
{
    [TestMethod]
    [DataRow((byte)0)]
    [DataRow((byte)0x80)]
    public void One_factor_for_each_channel(byte flip)
    {
        var random = new Random(5);
        foreach (int channels in (int[])[.. Enumerable.Range(1, 40), 64, 88, 200])
        {
            foreach (int pixels in (int[])[1, 2, 9, 300])
            {
                byte[] x = KernelTesting.Bytes(pixels * channels, channels), factors = KernelTesting.Bytes(channels, pixels);
                BinaryQuantization q = new BinaryQuantization(
                    0.0213f, 7, 0.01f, -30, 0.0257f, -5) with { RightScale = random.Next(4) == 0 ? 1e4f : 0.01f };
                var scalar = new BinaryInt8Kernel<QuantizedMultiply>(
                    new BroadcastShape([pixels, channels], [channels], [pixels, channels]), new QuantizedMultiply(q), 0, -128, 127, flip,
                    SimdTier.Scalar);
                byte[] expected = KernelTesting.Run(scalar, x.Length, x, factors);
                BinaryQuantization swapped = q with { LeftScale = q.RightScale, LeftZero = q.RightZero, RightScale = q.LeftScale,
                    RightZero = q.LeftZero };
                foreach (SimdTier tier in KernelTesting.Tiers)
                {
                    var kernel = new ScaleChannelsInt8Kernel(pixels, channels, q, flip, tier, 0);
                    KernelTesting.AssertSame(expected, KernelTesting.Run(kernel, x.Length, x, factors), $"{tier} {pixels} {channels}");
                    kernel = new ScaleChannelsInt8Kernel(pixels, channels, swapped, flip, tier, 1);
                    KernelTesting.AssertSame(expected, KernelTesting.Run(kernel, x.Length, factors, x),
                        $"{tier} {pixels} {channels} swapped");
                }
            }
        }
    }
}
