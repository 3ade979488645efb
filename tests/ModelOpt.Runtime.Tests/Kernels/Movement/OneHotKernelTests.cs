using System.Numerics;
using System.Runtime.InteropServices;
using ModelOpt.Runtime.Kernels.Movement;

namespace ModelOpt.Runtime.Tests.Kernels.Movement;

[TestClass]
internal sealed class OneHotKernelTests
{
    private const int Depth = 4;

    [TestMethod]
    [DataRow(6, 1)]
    [DataRow(2, 3)]
    [DataRow(1, 6)]
    public void One_element_where_the_index_says_and_another_elsewhere(int outer, int inner)
    {
        int[] indices = [3, 0, 2, 2, 1, 0];
        Compare<byte>(outer, inner, indices);
        Compare<ushort>(outer, inner, indices);
        Compare<uint>(outer, inner, indices);
        Compare<ulong>(outer, inner, indices);
    }

    [TestMethod]
    public void Indices_outside_say_nowhere()
    {
        int[] narrow = [-1, Depth, int.MinValue, int.MaxValue, 1];
        Compare<byte>(5, 1, narrow);
        long[] wide = [-1, Depth, long.MinValue, long.MaxValue, (1L << 32) + 1];
        CollectionAssert.AreEqual(Enumerable.Repeat((byte)7, 5 * Depth).ToArray(), Run<byte, long>(5, 1, wide, 9, 7));
    }

    private static void Compare<T>(int outer, int inner, int[] indices)
        where T : unmanaged, INumber<T>
    {
        T hot = T.CreateTruncating(0x0102030405060708), cold = T.CreateTruncating(0x1112131415161718);
        T[] expected = [.. from o in Enumerable.Range(0, outer)
                           from d in Enumerable.Range(0, Depth)
                           from i in Enumerable.Range(0, inner)
                           select indices[(o * inner) + i] == d ? hot : cold];
        CollectionAssert.AreEqual(expected, Run(outer, inner, indices, hot, cold), $"{typeof(T)}");
        CollectionAssert.AreEqual(expected, Run(outer, inner, Array.ConvertAll(indices, i => (long)i), hot, cold), $"{typeof(T)}, int64");
    }

    private static T[] Run<T, TIndex>(int outer, int inner, TIndex[] indices, T on, T off)
        where T : unmanaged
        where TIndex : unmanaged, INumber<TIndex>
    {
        byte[] y = KernelTesting.Run(
            new OneHotKernel<T, TIndex>(outer, Depth, inner), outer * Depth * inner * Marshal.SizeOf<T>(),
            MemoryMarshal.AsBytes<TIndex>(indices).ToArray(), [], MemoryMarshal.AsBytes<T>([on]).ToArray(),
            MemoryMarshal.AsBytes<T>([off]).ToArray());
        return MemoryMarshal.Cast<byte, T>(y).ToArray();
    }
}
