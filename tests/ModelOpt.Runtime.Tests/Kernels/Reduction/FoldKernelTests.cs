using System.Runtime.InteropServices;
using ModelOpt.Runtime.Kernels.Reduction;

namespace ModelOpt.Runtime.Tests.Kernels.Reduction;

[TestClass]
internal sealed class FoldKernelTests
{
    [TestMethod]
    public void The_greatest_over_axes_that_are_not_neighbours()
    {
        float[] x = KernelTesting.Floats(4 * 3 * 5, 7);
        CollectionAssert.AreEqual(Enumerable.Range(0, 3).Select(c => x.Where((_, i) => i / 5 % 3 == c).Max()).ToArray(), Run(x));
    }

    [TestMethod]
    public void Not_a_number_is_passed_on()
    {
        float[] x = KernelTesting.Floats(4 * 3 * 5, 7);
        x[7] = float.NaN;
        CollectionAssert.AreEqual(new[] { false, true, false }, Run(x).Select(float.IsNaN).ToArray());
    }

    private static float[] Run(float[] x) => MemoryMarshal.Cast<byte, float>(KernelTesting.Run(
        new FoldKernel<float, GreatestFolding>(new ReduceShape([4, 3, 5], [true, false, true]), float.NegativeInfinity), 3 * sizeof(float),
        MemoryMarshal.AsBytes<float>(x).ToArray())).ToArray();
}
