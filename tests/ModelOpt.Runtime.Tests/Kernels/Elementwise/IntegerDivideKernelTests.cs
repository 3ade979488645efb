using System.Runtime.InteropServices;
using ModelOpt.Runtime.Kernels.Elementwise;

namespace ModelOpt.Runtime.Tests.Kernels.Elementwise;

[TestClass]
internal sealed class IntegerDivideKernelTests
{
    [TestMethod]
    public void Quotients_are_truncated_and_what_has_none_is_zero()
    {
        int[] a = [7, -7, 9, -9, int.MinValue, int.MinValue, 5, 0], b = [2, 2, -2, -2, -1, 0, 0, 3],
            expected = [3, -3, -4, 4, int.MinValue, 0, 0, 0];
        CollectionAssert.AreEqual(expected, Divide(a, b, [8], [8], [8]));
        CollectionAssert.AreEqual((long[])[long.MinValue, 0, -3], Divide<long>([long.MinValue, 4, 7], [-1, 0, -2], [3], [3], [3]));
        CollectionAssert.AreEqual((ulong[])[1, 0], Divide<ulong>([ulong.MaxValue, 4], [ulong.MaxValue, 0], [2], [2], [2]));
    }

    [TestMethod]
    public void Operands_broadcast()
    {
        foreach ((int[] left, int[] right, int[] output) in BroadcastReference.Shapes)
        {
            int[] a = [.. Enumerable.Range(0, Count(left)).Select(i => (i * 37) - 500)],
                b = [.. Enumerable.Range(0, Count(right)).Select(i => (i % 7) - 8)];
            int[] expected = [.. BroadcastReference.Indices(left, right, output).Select(i => a[i.Left] / b[i.Right])];
            CollectionAssert.AreEqual(expected, Divide(a, b, left, right, output));
        }
    }

    private static T[] Divide<T>(T[] a, T[] b, int[] left, int[] right, int[] output)
        where T : unmanaged, System.Numerics.IBinaryInteger<T> => MemoryMarshal.Cast<byte, T>(KernelTesting.Run(
            new IntegerDivideKernel<T>(new BroadcastShape(left, right, output)), Count(output) * Marshal.SizeOf<T>(),
            MemoryMarshal.AsBytes<T>(a).ToArray(), MemoryMarshal.AsBytes<T>(b).ToArray())).ToArray();

    private static int Count(int[] shape) => shape.Aggregate(1, (a, b) => a * b);
}
