using ModelOpt.Runtime.Kernels.Pooling;

namespace ModelOpt.Runtime.Tests.Kernels.Pooling;

[TestClass]
internal sealed class AveragePoolF32KernelTests
{
    [TestMethod]
    public void Pixels_are_summed_row_by_row_and_clamped()
    {
        var random = new Random(21);
        for (int channels = 1; channels <= 40; channels++)
        {
            Window2D window = PoolReference.RandomWindow(random, channels);
            float[] x = KernelTesting.Floats(window.Batch * window.InputHeight * window.InputWidth * channels, channels);
            var expected = new float[window.Batch * window.OutputHeight * window.OutputWidth * channels];
            PoolReference.ForEach(window, (at, places) =>
            {
                float sum = 0;
                foreach (int place in places)
                    sum += x[place];
                expected[at] = Math.Clamp(sum / places.Count, -0.7f, 0.9f);
            });
            KernelTesting.AssertSameBits(
                expected, KernelTesting.RunFloat(new AveragePoolF32Kernel(window, -0.7f, 0.9f), expected.Length, x), $"{window}");
        }
    }
}
