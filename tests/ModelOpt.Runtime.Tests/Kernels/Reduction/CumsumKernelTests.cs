using System.Numerics;
using System.Runtime.InteropServices;
using ModelOpt.Runtime.Kernels.Reduction;

namespace ModelOpt.Runtime.Tests.Kernels.Reduction;

[TestClass]
internal sealed class CumsumKernelTests
{
    private static readonly int[] Shape = [3, 7, 5];

    [TestMethod]
    public void Lines_are_summed_one_element_after_another()
    {
        Compare(KernelTesting.Floats(3 * 7 * 5, 11));
        Compare(MemoryMarshal.Cast<byte, int>(KernelTesting.Bytes(3 * 7 * 5 * sizeof(int), 12)).ToArray());
        Compare(MemoryMarshal.Cast<byte, long>(KernelTesting.Bytes(3 * 7 * 5 * sizeof(long), 13)).ToArray());
        Compare(MemoryMarshal.Cast<byte, ulong>(KernelTesting.Bytes(3 * 7 * 5 * sizeof(ulong), 14)).ToArray());
    }

    [TestMethod]
    public void Integers_wrap_around()
    {
        var kernel = new CumsumKernel<int>(new AxisLines(1, 3, 1), exclusive: false, reverse: false);
        byte[] y = KernelTesting.Run(kernel, 12, MemoryMarshal.AsBytes<int>([int.MaxValue, 1, -1]).ToArray());
        CollectionAssert.AreEqual((int[])[int.MaxValue, int.MinValue, int.MaxValue], MemoryMarshal.Cast<byte, int>(y).ToArray());
    }

    [TestMethod]
    public void What_is_left_out_of_a_sum_does_not_spoil_it()
    {
        var kernel = new CumsumKernel<float>(new AxisLines(1, 3, 1), exclusive: true, reverse: false);
        CollectionAssert.AreEqual((float[])[0, 1, 3], KernelTesting.RunFloat(kernel, 3, [1, 2, float.NaN]));
    }

    private static void Compare<T>(T[] x)
        where T : unmanaged, INumber<T>
    {
        byte[] bytes = MemoryMarshal.AsBytes<T>(x).ToArray();
        for (int axis = 0; axis < Shape.Length; axis++)
        {
            foreach ((bool exclusive, bool reverse) in ((bool, bool)[])[(false, false), (false, true), (true, false), (true, true)])
            {
                byte[] expected = MemoryMarshal.AsBytes<T>(Sums(x, axis, exclusive, reverse)).ToArray();
                var kernel = new CumsumKernel<T>(AxisLines.Of(Shape, axis), exclusive, reverse);
                KernelTesting.AssertSame(
                    expected, KernelTesting.Run(kernel, bytes.Length, bytes), $"{typeof(T)} along {axis}, {exclusive}, {reverse}");
            }
        }
    }

    private static T[] Sums<T>(T[] x, int axis, bool exclusive, bool reverse)
        where T : unmanaged, INumber<T>
    {
        int size = Shape[axis], inner = Shape[(axis + 1)..].Aggregate(1, (a, b) => a * b);
        var y = new T[x.Length];
        for (int at = 0; at < x.Length; at++)
        {
            int place = at / inner % size, first = at - (place * inner);
            IEnumerable<int> summed = reverse
                ? Enumerable.Range(place, size - place).Reverse()
                : Enumerable.Range(0, place + 1);
            foreach (int k in summed.Where(k => !exclusive || k != place))
                y[at] = unchecked(y[at] + x[first + (k * inner)]);
        }

        return y;
    }
}
