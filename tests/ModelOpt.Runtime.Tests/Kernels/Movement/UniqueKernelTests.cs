using System.Runtime.InteropServices;
using ModelOpt.Runtime.Kernels.Movement;

namespace ModelOpt.Runtime.Tests.Kernels.Movement;

[TestClass]
internal sealed class UniqueKernelTests
{
    [TestMethod]
    public void Rows_are_compared_number_by_number_and_both_zeros_are_one()
    {
        float[] rows = [0, 2, -1, 3, -0f, 2, -1, 2];
        byte[][] y = KernelTesting.Run(
            new UniqueKernel<float>(4, 2, isSorted: true), [32, 32, 32], MemoryMarshal.AsBytes(rows.AsSpan()).ToArray());
        CollectionAssert.AreEqual((long[])[3, 1, 0, -1], Longs(y[0]));
        CollectionAssert.AreEqual((long[])[2, 1, 2, 0], Longs(y[1]));
        CollectionAssert.AreEqual((long[])[1, 1, 2, 0], Longs(y[2]));
    }

    private static long[] Longs(byte[] bytes) => MemoryMarshal.Cast<byte, long>(bytes).ToArray();
}
