using System.Numerics;
using System.Runtime.InteropServices;
using ModelOpt.Runtime.Kernels.Reduction;

namespace ModelOpt.Runtime.Tests.Kernels.Reduction;

[TestClass]
internal sealed class TopKKernelTests
{
    private const int Rows = 3;

    [TestMethod]
    public void The_greatest_come_first_and_of_equal_ones_the_first()
    {
        Compare<float>();
        Compare<sbyte>();
        Compare<byte>();
        Compare<int>();
        Compare<long>();
        Compare<ulong>();
    }

    [TestMethod]
    public void Nothing_is_less_than_a_NaN()
    {
        (float[] values, int[] places) = Run<float>([float.NaN, float.NegativeInfinity, -0f, 0f, float.NaN], 1, 5);
        CollectionAssert.AreEqual((int[])[2, 3, 1, 0, 4], places);
        KernelTesting.AssertSameBits([-0f, 0f, float.NegativeInfinity, float.NaN, float.NaN], values, "values");
    }

    // Few different values, so that many are equal.
    private static void Compare<T>()
        where T : unmanaged, INumber<T>
    {
        var random = new Random(23);
        foreach (int length in (int[])[1, 2, 7, 40])
        {
            T[] x = [.. Enumerable.Range(0, Rows * length).Select(_ => T.CreateChecked(random.Next(9)))];
            for (int count = 1; count <= length; count++)
            {
                int[] expected = [.. Enumerable.Range(0, Rows).SelectMany(
                    row => Enumerable.Range(0, length).OrderByDescending(i => x[(row * length) + i]).Take(count))];
                T[] best = [.. expected.Select((place, i) => x[(i / count * length) + place])];
                (T[] values, int[] places) = Run(x, Rows, count);
                CollectionAssert.AreEqual(expected, places, $"{typeof(T)}: {count} of {length}");
                CollectionAssert.AreEqual(best, values, $"{typeof(T)}: {count} of {length}");
            }
        }
    }

    private static (T[] Values, int[] Places) Run<T>(T[] x, int rows, int count)
        where T : unmanaged, INumber<T>
    {
        byte[] bytes = MemoryMarshal.AsBytes<T>(x).ToArray();
        byte[][] results = KernelTesting.Run(
            new TopKKernel<T>(rows, x.Length / rows, count), [rows * count * Marshal.SizeOf<T>(), rows * count * sizeof(int)], bytes);
        return (MemoryMarshal.Cast<byte, T>(results[0]).ToArray(), MemoryMarshal.Cast<byte, int>(results[1]).ToArray());
    }
}
