using System.Numerics;
using System.Runtime.InteropServices;
using ModelOpt.Runtime.Kernels.Movement;

namespace ModelOpt.Runtime.Tests.Kernels.Movement;

[TestClass]
internal sealed class UnsortedSegmentMaxKernelTests
{
    [TestMethod]
    [DataRow(1)]
    [DataRow(5)]
    [DataRow(64)]
    public void Each_id_has_the_greatest_of_its_slices(int slice)
    {
        Compare<float>(slice);
        Compare<int>(slice);
    }

    [TestMethod]
    public void Without_slices_every_id_has_the_lowest_number()
    {
        byte[] y = KernelTesting.Run(new UnsortedSegmentMaxKernel<int>("y", 2, 1), 8, [], []);
        CollectionAssert.AreEqual((int[])[int.MinValue, int.MinValue], MemoryMarshal.Cast<byte, int>(y).ToArray());
    }

    [TestMethod]
    [DataRow(3)]
    [DataRow(-1)]
    [DataRow(int.MinValue)]
    public void An_id_outside_is_refused(int id)
    {
        byte[] ids = MemoryMarshal.AsBytes<int>([id]).ToArray();
        var e = Assert.ThrowsExactly<ArgumentException>(
            () => KernelTesting.Run(new UnsortedSegmentMaxKernel<int>("y", 3, 1), 12, new byte[4], ids));
        Assert.AreEqual($"UNSORTED_SEGMENT_MAX of 'y': id {id} does not exist among 3.", e.Message);
    }

    private static void Compare<T>(int slice)
        where T : unmanaged, INumber<T>, IMinMaxValue<T>
    {
        int[] ids = [2, 0, 2, 2];
        T[] x = [.. Enumerable.Range(0, ids.Length * slice).Select(i => T.CreateChecked((i * 37 % 101) - 50))];
        T[] expected = [.. Enumerable.Repeat(T.MinValue, 4 * slice)];
        for (int i = 0; i < x.Length; i++)
        {
            ref T place = ref expected[(ids[i / slice] * slice) + (i % slice)];
            place = T.Max(place, x[i]);
        }

        byte[] y = KernelTesting.Run(
            new UnsortedSegmentMaxKernel<T>("y", 4, slice), 4 * slice * Marshal.SizeOf<T>(), MemoryMarshal.AsBytes(x.AsSpan()).ToArray(),
            MemoryMarshal.AsBytes(ids.AsSpan()).ToArray());
        CollectionAssert.AreEqual(expected, MemoryMarshal.Cast<byte, T>(y).ToArray());
    }
}
