namespace ModelOpt.Runtime.Tests.Kernels;

[TestClass]
internal sealed class ChannelLookupKernelTests
{
    [TestMethod]
    public void Every_shape_agrees_with_the_definition()
    {
        foreach (int channels in Enumerable.Range(1, 7))
        {
            foreach ((int outer, int inner) in ((int, int)[])[(1, 1), (21, 1), (22, 1), (64, 1), (1000, 1), (3, 5), (2, 700), (1, 3000)])
            {
                byte[] x = KernelTesting.Bytes(outer * channels * inner, channels), tables = KernelTesting.Bytes(channels * 256, inner);
                byte[] expected = [.. x.Select((value, i) => tables[(i / inner % channels * 256) + value])];
                var kernel = new ChannelLookupKernel<byte>(outer, channels, inner, tables);
                KernelTesting.AssertSame(expected, KernelTesting.Run(kernel, x.Length, x), $"{outer}×{channels}×{inner}");
                var numbers = new ChannelLookupKernel<float>(outer, channels, inner, [.. tables.Select(value => (float)value)]);
                float[] actual = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(
                    KernelTesting.Run(numbers, x.Length * sizeof(float), x)).ToArray();
                KernelTesting.AssertSameBits([.. expected.Select(value => (float)value)], actual, $"{outer}×{channels}×{inner} float32");
            }
        }
    }
}
