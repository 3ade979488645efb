using System.Runtime.InteropServices;
using ModelOpt.Runtime.Kernels.Movement;

namespace ModelOpt.Runtime.Tests.Kernels.Movement;

[TestClass]
internal sealed class GatherKernelTests
{
    private const int Outer = 3, Size = 5;

    [TestMethod]
    [DataRow(1)]
    [DataRow(6)]
    [DataRow(64)]
    public void Slices_at_the_indices_negative_ones_from_the_end(int slice)
    {
        int[] indices = [4, 0, 0, -1, -5, 2];
        byte[] x = KernelTesting.Bytes(Outer * Size * slice, slice);
        byte[] expected = [.. from o in Enumerable.Range(0, Outer)
                              from i in indices
                              from k in Enumerable.Range(0, slice)
                              select x[(((o * Size) + ((i + Size) % Size)) * slice) + k]];
        byte[] narrow = MemoryMarshal.AsBytes<int>(indices).ToArray(),
            wide = MemoryMarshal.AsBytes<long>([.. indices.Select(i => (long)i)]).ToArray();
        KernelTesting.AssertSame(
            expected, KernelTesting.Run(new GatherKernel<int>("x", Outer, Outer, Size, indices.Length, slice), expected.Length, x, narrow),
            "int32");
        KernelTesting.AssertSame(
            expected, KernelTesting.Run(new GatherKernel<long>("x", Outer, Outer, Size, indices.Length, slice), expected.Length, x, wide),
            "int64");
    }

    [TestMethod]
    public void Samples_have_indices_of_their_own()
    {
        byte[] x = [.. Enumerable.Range(0, 12).Select(i => (byte)i)];
        byte[] indices = MemoryMarshal.AsBytes<int>([0, 2, 1, -1]).ToArray();
        // Two samples of two rows of three bytes: 0 and 2 of the first, 1 and 2 of the second.
        KernelTesting.AssertSame(
            [0, 2, 3, 5, 7, 8, 10, 11], KernelTesting.Run(new GatherKernel<int>("x", 4, 2, 3, 2, 1), 8, x, indices), "int32");
    }

    [TestMethod]
    [DataRow(Size)]
    [DataRow(-Size - 1)]
    [DataRow(long.MinValue)]
    public void An_index_outside_is_refused(long index)
    {
        var e = Assert.ThrowsExactly<ArgumentException>(() => KernelTesting.Run(
            new GatherKernel<long>("x", 1, 1, Size, 1, 1), 1, new byte[Size], BitConverter.GetBytes(index)));
        StringAssert.Contains(e.Message, $"does not exist in a dimension of {Size}");
    }
}
