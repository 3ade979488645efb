using System.Runtime.Intrinsics;

namespace ModelOpt.Runtime.Tests.Kernels;

[TestClass]
internal sealed unsafe class LanesTests
{
    [TestMethod]
    public void Clamp_keeps_NaN_and_the_sign_of_zero()
    {
        float[] values =
        [
            -0f, 0f, float.NaN, -1f, 1f, 7f, 6f, float.PositiveInfinity, float.NegativeInfinity, 5.9f, -0f, 0.1f, 0f, -7f, 8f, 2f,
        ];
        float[] expected = [.. values.Select(value => value < 0f ? 0f : value > 6f ? 6f : value)];
        Check<Lanes1, float>();
        Check<Lanes128, Vector128<float>>();
        Check<Lanes256, Vector256<float>>();
        Check<Lanes512, Vector512<float>>();

        void Check<TLanes, V>()
            where TLanes : struct, ILanes<V>
            where V : unmanaged
        {
            var actual = new float[values.Length];
            fixed (float* from = values, to = actual)
            {
                for (int i = 0; i < values.Length; i += TLanes.Count)
                    TLanes.Store(to + i, TLanes.Clamp(TLanes.Load(from + i), TLanes.Create(0f), TLanes.Create(6f)));
            }

            KernelTesting.AssertSameBits(expected, actual, typeof(TLanes).Name);
        }
    }

    [TestMethod]
    public void Bytes_saturate_and_NaN_is_zero()
    {
        float[] values =
        [
            0.5f, -2.5f, 127.5f, 1e9f, -1e9f, -128.5f, -129f, 126.5f, 3f, 300f, -300f, 2147483000f, -0f, 7f, 8f, 9f,
        ];
        byte[] saturated = [.. values.Select(value => (byte)(sbyte)Math.Clamp(MathF.Round(value), -128, 127))];
        float[] numbers = [.. values.Select((value, i) => i % 3 == 0 ? BitConverter.Int32BitsToSingle(0x7fc00000 + (i * 77)) : i)];
        byte[] rounded = [.. numbers.Select(value => float.IsNaN(value) ? (byte)5 : (byte)(value + 5))];
        Check<Lanes1, float>();
        Check<Lanes128, Vector128<float>>();
        Check<Lanes256, Vector256<float>>();
        Check<Lanes512, Vector512<float>>();

        void Check<TLanes, V>()
            where TLanes : struct, ILanes<V>
            where V : unmanaged
        {
            byte[] actual = new byte[values.Length], flipped = new byte[values.Length], numbered = new byte[values.Length];
            fixed (float* from = values, some = numbers)
            fixed (byte* to = actual, other = flipped, third = numbered)
            {
                for (int i = 0; i < values.Length; i += TLanes.Count)
                {
                    TLanes.StoreSByte(to + i, TLanes.Load(from + i), Vector128<byte>.Zero);
                    TLanes.StoreSByte(other + i, TLanes.Load(from + i), Vector128.Create((byte)0x80));
                    TLanes.StoreByte(third + i, TLanes.Load(some + i), 5);
                }
            }

            KernelTesting.AssertSame(saturated, actual, typeof(TLanes).Name);
            KernelTesting.AssertSame([.. saturated.Select(b => (byte)(b ^ 0x80))], flipped, typeof(TLanes).Name);
            KernelTesting.AssertSame(rounded, numbered, typeof(TLanes).Name);
        }
    }

    [TestMethod]
    public void Bytes_round_half_to_even()
    {
        float[] values = [0.5f, 1.5f, 2.5f, -0.5f, -1.5f, -2.5f, 126.5f, 127f, -128f, -0.49f, 0.51f, 255f, -255f, 3f, 100.5f, 101.5f];
        byte[] expected = [.. values.Select(value => unchecked((byte)((int)MathF.Round(value, MidpointRounding.ToEven) - 3)))];
        Check<Lanes1, float>();
        Check<Lanes128, Vector128<float>>();
        Check<Lanes256, Vector256<float>>();
        Check<Lanes512, Vector512<float>>();

        void Check<TLanes, V>()
            where TLanes : struct, ILanes<V>
            where V : unmanaged
        {
            var actual = new byte[values.Length];
            fixed (float* from = values)
            fixed (byte* to = actual)
            {
                for (int i = 0; i < values.Length; i += TLanes.Count)
                    TLanes.StoreByte(to + i, TLanes.Load(from + i), -3);
            }

            KernelTesting.AssertSame(expected, actual, typeof(TLanes).Name);
        }
    }
}
