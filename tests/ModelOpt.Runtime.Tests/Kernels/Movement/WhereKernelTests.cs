using System.Runtime.InteropServices;
using ModelOpt.Runtime.Kernels.Movement;

namespace ModelOpt.Runtime.Tests.Kernels.Movement;

[TestClass]
internal sealed class WhereKernelTests
{
    [TestMethod]
    public void Indices_of_what_is_not_zero()
    {
        float[] x = [0, float.NaN, -0f, 2, 0, -1];
        byte[] places = KernelTesting.Run(new WhereKernel<float>([3, 2]), 3 * 2 * sizeof(long), MemoryMarshal.AsBytes<float>(x).ToArray());
        CollectionAssert.AreEqual((long[])[0, 1, 1, 1, 2, 1], MemoryMarshal.Cast<byte, long>(places).ToArray());
    }
}
