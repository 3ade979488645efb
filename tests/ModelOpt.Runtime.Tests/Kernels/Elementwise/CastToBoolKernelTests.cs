using System.Runtime.InteropServices;
using ModelOpt.Runtime.Kernels.Elementwise;

namespace ModelOpt.Runtime.Tests.Kernels.Elementwise;

[TestClass]
internal sealed class CastToBoolKernelTests
{
    [TestMethod]
    public void Whatever_is_not_zero_is_true()
    {
        float[] floats = [0, -0f, 1e-45f, -2, float.NaN, float.PositiveInfinity];
        CollectionAssert.AreEqual(
            (byte[])[0, 0, 1, 1, 1, 1], KernelTesting.Run(
            new CastToBoolKernel<float>(6), 6, MemoryMarshal.AsBytes<float>(floats).ToArray()));
        long[] integers = [0, 256, -1];
        CollectionAssert.AreEqual(
            (byte[])[0, 1, 1], KernelTesting.Run(new CastToBoolKernel<long>(3), 3, MemoryMarshal.AsBytes<long>(integers).ToArray()));
    }
}
