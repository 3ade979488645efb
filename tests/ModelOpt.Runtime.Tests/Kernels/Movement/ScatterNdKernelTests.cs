using System.Numerics;
using System.Runtime.InteropServices;
using ModelOpt.Runtime.Kernels.Movement;

namespace ModelOpt.Runtime.Tests.Kernels.Movement;

[TestClass]
internal sealed class ScatterNdKernelTests
{
    [TestMethod]
    [DataRow(1)]
    [DataRow(5)]
    [DataRow(64)]
    public void Slices_are_added_where_the_indices_say(int slice)
    {
        Compare<float>(slice);
        Compare<sbyte>(slice);
        Compare<byte>(slice);
        Compare<int>(slice);
        Compare<long>(slice);
    }

    [TestMethod]
    public void Sums_of_integers_wrap_around()
    {
        byte[] indices = MemoryMarshal.AsBytes<int>([1, 1]).ToArray();
        CollectionAssert.AreEqual(
            (byte[])[0, 44, 0], KernelTesting.Run(new ScatterNdKernel<byte>("y", [3], 1), 3, indices, [200, 100]));
    }

    [TestMethod]
    public void Nothing_is_added_without_updates()
    {
        CollectionAssert.AreEqual(new byte[8], KernelTesting.Run(new ScatterNdKernel<float>("y", [2], 1), 8, [], []));
    }

    [TestMethod]
    [DataRow(0, 3, 3, 3)]
    [DataRow(2, 0, 2, 2)]
    [DataRow(-1, 0, -1, 2)]
    [DataRow(0, int.MinValue, int.MinValue, 3)]
    [DataRow(int.MaxValue, 0, int.MaxValue, 2)]
    public void An_index_outside_is_refused(int row, int column, int named, int size)
    {
        byte[] indices = MemoryMarshal.AsBytes<int>([row, column]).ToArray();
        var e = Assert.ThrowsExactly<ArgumentException>(
            () => KernelTesting.Run(new ScatterNdKernel<byte>("y", [2, 3], 1), 6, indices, [1]));
        Assert.AreEqual($"SCATTER_ND of 'y': index {named} does not exist in a dimension of {size}.", e.Message);
    }

    private static void Compare<T>(int slice)
        where T : unmanaged, INumber<T>
    {
        (int Row, int Column)[] places = [(1, 2), (0, 0), (1, 2), (0, 1)];
        T[] x = [.. Enumerable.Range(0, places.Length * slice).Select(i => T.CreateChecked(1 + (i % 60)))];
        var expected = new T[2 * 3 * slice];
        for (int i = 0; i < x.Length; i++)
            expected[(((places[i / slice].Row * 3) + places[i / slice].Column) * slice) + (i % slice)] += x[i];
        int[] indices = [.. places.SelectMany(p => (int[])[p.Row, p.Column])];
        byte[] y = KernelTesting.Run(
            new ScatterNdKernel<T>("y", [2, 3], slice), expected.Length * Marshal.SizeOf<T>(),
            MemoryMarshal.AsBytes<int>(indices).ToArray(), MemoryMarshal.AsBytes<T>(x).ToArray());
        CollectionAssert.AreEqual(expected, MemoryMarshal.Cast<byte, T>(y).ToArray(), $"{typeof(T)}");
    }
}
