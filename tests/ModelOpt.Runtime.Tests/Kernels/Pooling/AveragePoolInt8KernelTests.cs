using ModelOpt.Runtime.Kernels.Pooling;

namespace ModelOpt.Runtime.Tests.Kernels.Pooling;

[TestClass]
internal sealed class AveragePoolInt8KernelTests
{
    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Real_numbers_are_summed_row_by_row_and_quantized(bool unsigned)
    {
        var random = new Random(22);
        int shift = unsigned ? 128 : 0, low = -120 + shift, high = 115 + shift;
        for (int channels = 1; channels <= 80; channels++)
        {
            Window2D window = PoolReference.RandomWindow(random, channels);
            byte[] x = KernelTesting.Bytes(window.Batch * window.InputHeight * window.InputWidth * channels, channels);
            (float inputScale, float outputScale) = (0.02f, 0.013f + (0.01f * random.NextSingle()));
            int inputZero = random.Next(-128, 128) + shift, outputZero = random.Next(-128, 128) + shift;
            var expected = new byte[window.Batch * window.OutputHeight * window.OutputWidth * channels];
            PoolReference.ForEach(window, (at, places) =>
            {
                float sum = 0;
                foreach (int place in places)
                    sum += ((unsigned ? x[place] : (sbyte)x[place]) - inputZero) * inputScale;
                float step = MathF.Round((sum / places.Count / outputScale) + (outputZero - shift)) + shift;
                expected[at] = unchecked((byte)(int)Math.Clamp(step, low, high));
            });
            var kernel = new AveragePoolInt8Kernel(window, inputScale, inputZero, outputScale, outputZero, low, high, unsigned);
            KernelTesting.AssertSame(expected, KernelTesting.Run(kernel, expected.Length, x), $"{window}");
        }
    }
}
