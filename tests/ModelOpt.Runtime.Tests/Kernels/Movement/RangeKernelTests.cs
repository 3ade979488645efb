using System.Runtime.InteropServices;
using ModelOpt.Runtime.Kernels.Movement;

namespace ModelOpt.Runtime.Tests.Kernels.Movement;

[TestClass]
internal sealed class RangeKernelTests
{
    [TestMethod]
    public void Each_is_computed_from_the_first()
    {
        byte[] start = BitConverter.GetBytes(0.1f), none = [], delta = BitConverter.GetBytes(0.3f);
        byte[] y = KernelTesting.Run(new RangeKernel<float>(3), 12, start, none, delta);
        CollectionAssert.AreEqual((float[])[0.1f, 0.1f + 0.3f, 0.1f + (2 * 0.3f)], MemoryMarshal.Cast<byte, float>(y).ToArray());
    }
}
