using System.Numerics;
using System.Runtime.InteropServices;
using ModelOpt.Runtime.Kernels.Elementwise;

namespace ModelOpt.Runtime.Tests.Kernels.Elementwise;

/// <summary>Vectors and their tails give the bits of the scalar operation.</summary>
[TestClass]
internal sealed class BinaryKernelTests
{
    [TestMethod]
    public void Floats()
    {
        Check<float, AddOperation<float>>(Floats, (a, b) => a + b, -2.5f, 3);
        Check<float, SubtractOperation<float>>(Floats, (a, b) => a - b, float.NegativeInfinity, float.PositiveInfinity);
        Check<float, MultiplyOperation<float>>(Floats, (a, b) => a * b, 0, 6);
        Check<float, DivideOperation>(Floats, (a, b) => a / b, -100, 100);
        Check<float, MinimumOperation<float>>(Floats, Math.Min, float.NegativeInfinity, float.PositiveInfinity);
        Check<float, MaximumOperation<float>>(Floats, Math.Max, float.NegativeInfinity, float.PositiveInfinity);

        static float[] Floats(int length, int seed) => KernelTesting.Floats(length, seed);
    }

    [TestMethod]
    public void Integers_wrap()
    {
        Check<int, AddOperation<int>>(Integers<int>, (a, b) => unchecked(a + b), int.MinValue, int.MaxValue);
        Check<long, MultiplyOperation<long>>(Integers<long>, (a, b) => unchecked(a * b), long.MinValue, long.MaxValue);
        Check<ulong, SubtractOperation<ulong>>(Integers<ulong>, (a, b) => unchecked(a - b), ulong.MinValue, ulong.MaxValue);

        static T[] Integers<T>(int length, int seed)
            where T : unmanaged => MemoryMarshal.Cast<byte, T>(KernelTesting.Bytes(length * Marshal.SizeOf<T>(), seed)).ToArray();
    }

    private static void Check<T, TOperation>(Func<int, int, T[]> values, Func<T, T, T> function, T min, T max)
        where T : unmanaged, INumber<T>, IMinMaxValue<T>
        where TOperation : struct, IBinaryOperation<T>
    {
        foreach ((int[] left, int[] right, int[] output) in BroadcastReference.Shapes)
        {
            T[] a = values(Count(left), 1), b = values(Count(right), 2);
            T[] expected = [.. BroadcastReference.Indices(left, right, output)
                .Select(i => T.Clamp(function(a[i.Left], b[i.Right]), min, max))];
            byte[] bytes = MemoryMarshal.AsBytes<T>(expected).ToArray();
            byte[] actual = KernelTesting.Run(
                new BinaryKernel<T, TOperation>(new BroadcastShape(left, right, output), min, max), bytes.Length,
                MemoryMarshal.AsBytes<T>(a).ToArray(), MemoryMarshal.AsBytes<T>(b).ToArray());
            KernelTesting.AssertSame(bytes, actual,
                $"{typeof(TOperation)} of [{string.Join(", ", left)}] and [{string.Join(", ", right)}]");
        }
    }

    private static int Count(int[] shape) => shape.Aggregate(1, (a, b) => a * b);
}
