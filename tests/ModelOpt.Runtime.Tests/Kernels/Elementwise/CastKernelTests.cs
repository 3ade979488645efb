using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ModelOpt.Runtime.Kernels.Elementwise;

namespace ModelOpt.Runtime.Tests.Kernels.Elementwise;

[TestClass]
internal sealed class CastKernelTests
{
    [TestMethod]
    public void Floats_saturate_and_integers_wrap()
    {
        CollectionAssert.AreEqual((int[])[1, -1, int.MaxValue, int.MinValue, 0],
            Cast<float, int>(1.9f, -1.9f, 3e9f, float.NegativeInfinity, float.NaN));
        CollectionAssert.AreEqual((byte[])[1, 0, 255], Cast<double, byte>(1.9, -5, 1e300));
        CollectionAssert.AreEqual((sbyte[])[44, -128, 127], Cast<int, sbyte>(300, 128, -129));
        CollectionAssert.AreEqual((long[])[-1, uint.MaxValue], Cast<long, long>(-1, uint.MaxValue));
        CollectionAssert.AreEqual((float[])[1.5f, -0.25f, 65504], Cast<Half, float>((Half)1.5f, (Half)(-0.25f), Half.MaxValue));
        CollectionAssert.AreEqual((Half[])[(Half)0.1f, Half.PositiveInfinity], Cast<float, Half>(0.1f, 1e6f));
    }

    [TestMethod]
    public void Items_of_any_length()
    {
        foreach (int length in (int[])[1, 4095, 4096, 4097, 10000])
        {
            byte[] x = KernelTesting.Bytes(length, length);
            CollectionAssert.AreEqual(x.Select(v => (float)v).ToArray(), Cast<byte, float>(x));
        }
    }

    private static TTo[] Cast<TFrom, TTo>(params TFrom[] values)
        where TFrom : unmanaged, INumberBase<TFrom>
        where TTo : unmanaged, INumberBase<TTo> => MemoryMarshal.Cast<byte, TTo>(KernelTesting.Run(
            new CastKernel<TFrom, TTo>(values.Length), values.Length * Unsafe.SizeOf<TTo>(),
            MemoryMarshal.AsBytes<TFrom>(values).ToArray())).ToArray();
}
