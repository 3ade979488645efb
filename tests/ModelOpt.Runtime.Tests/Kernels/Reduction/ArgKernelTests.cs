using System.Numerics;
using System.Runtime.InteropServices;
using ModelOpt.Runtime.Kernels.Reduction;

namespace ModelOpt.Runtime.Tests.Kernels.Reduction;

[TestClass]
internal sealed class ArgKernelTests
{
    private static readonly int[] Shape = [3, 7, 5];

    [TestMethod]
    public void The_first_of_the_greatest_and_the_least_of_each_line()
    {
        Compare<float>();
        Compare<sbyte>();
        Compare<byte>();
        Compare<int>();
        Compare<long>();
        Compare<ulong>();
    }

    [TestMethod]
    public void Extremes_of_the_type_are_compared_as_they_are()
    {
        CollectionAssert.AreEqual((long[])[1], Run<sbyte, long>([127, -128], new AxisLines(1, 2, 1), greatest: false));
        CollectionAssert.AreEqual((long[])[1], Run<byte, long>([127, 128], new AxisLines(1, 2, 1), greatest: true));
        CollectionAssert.AreEqual((long[])[1], Run<ulong, long>([1, ulong.MaxValue], new AxisLines(1, 2, 1), greatest: true));
        CollectionAssert.AreEqual(
            (long[])[1], Run<float, long>([float.MaxValue, float.PositiveInfinity], new AxisLines(1, 2, 1), greatest: true));
    }

    // Few different values, so that many are equal.
    private static void Compare<T>()
        where T : unmanaged, INumber<T>
    {
        var random = new Random(17);
        T[] x = [.. Enumerable.Range(0, 3 * 7 * 5).Select(_ => T.CreateChecked(random.Next(4)))];
        for (int axis = 0; axis < Shape.Length; axis++)
        {
            var lines = AxisLines.Of(Shape, axis);
            foreach (bool greatest in (bool[])[true, false])
            {
                int inner = Shape[(axis + 1)..].Aggregate(1, (a, b) => a * b), outer = Shape[..axis].Aggregate(1, (a, b) => a * b);
                int[] expected = [.. from o in Enumerable.Range(0, outer)
                                     from i in Enumerable.Range(0, inner)
                                     let first = (o * Shape[axis] * inner) + i
                                     let line = Enumerable.Range(0, Shape[axis]).Select(k => x[first + (k * inner)]).ToList()
                                     select line.IndexOf(greatest ? line.Max() : line.Min())];
                CollectionAssert.AreEqual(expected, Run<T, int>(x, lines, greatest), $"{typeof(T)} along {axis}");
                CollectionAssert.AreEqual(
                    Array.ConvertAll(expected, i => (long)i), Run<T, long>(x, lines, greatest), $"{typeof(T)} along {axis}, int64");
            }
        }
    }

    private static TIndex[] Run<T, TIndex>(T[] x, AxisLines lines, bool greatest)
        where T : unmanaged, INumber<T>
        where TIndex : unmanaged, INumber<TIndex>
    {
        byte[] y = KernelTesting.Run(
            new ArgKernel<T, TIndex>(lines, greatest), lines.Lines * Marshal.SizeOf<TIndex>(), MemoryMarshal.AsBytes<T>(x).ToArray());
        return MemoryMarshal.Cast<byte, TIndex>(y).ToArray();
    }
}
