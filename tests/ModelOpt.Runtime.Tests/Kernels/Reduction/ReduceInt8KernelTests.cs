using ModelOpt.Runtime.Kernels.Reduction;

namespace ModelOpt.Runtime.Tests.Kernels.Reduction;

[TestClass]
internal sealed class ReduceInt8KernelTests
{
    [TestMethod]
    [DataRow(false, false)]
    [DataRow(true, false)]
    [DataRow(false, true)]
    [DataRow(true, true)]
    public void Axes_that_are_not_neighbours_are_summed_exactly(bool mean, bool unsigned)
    {
        const int outer = 40, kept = 3, inner = 50, count = outer * inner;
        byte[] x = KernelTesting.Bytes(outer * kept * inner, 7);
        int low = unsigned ? 0 : -128, inputZero = low + 100, outputZero = low + 140;
        (float inputScale, float outputScale) = (0.02f, mean ? 0.0009f : 0.9f);
        int[] sums = new int[kept];
        for (int i = 0; i < x.Length; i++)
            sums[i / inner % kept] += (unsigned ? x[i] : (sbyte)x[i]) - inputZero;
        byte[] expected = [.. sums.Select(sum => unchecked((byte)(int)Math.Clamp(
            MathF.Round(sum * (inputScale / (outputScale * (mean ? count : 1)))) + outputZero, low + 3, low + 250)))];
        var kernel = new ReduceInt8Kernel(
            new ReduceShape([outer, kept, inner], [true, false, true]), mean, inputScale, inputZero, outputScale, outputZero, low + 3,
            low + 250, unsigned);
        KernelTesting.AssertSame(expected, KernelTesting.Run(kernel, kept, x), $"mean {mean}");
    }
}
