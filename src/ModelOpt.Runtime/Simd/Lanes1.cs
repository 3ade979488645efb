using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ModelOpt.Runtime.Simd;

/// <summary>One float lane: kernels instantiated with it are the scalar oracles.</summary>
internal readonly unsafe struct Lanes1 : ILanes<float>
{
    public static int Count => 1;

    public static float Create(float value) => value;

    public static float Load(float* source) => *source;

    public static void Store(float* destination, float value) => *destination = value;

    public static float Add(float left, float right) => left + right;

    public static float Subtract(float left, float right) => left - right;

    public static float Multiply(float left, float right) => left * right;

    public static float Divide(float left, float right) => left / right;

    public static float FusedMultiplyAdd(float left, float right, float addend) =>
        MathF.FusedMultiplyAdd(left, right, addend);

    public static float Abs(float value) => MathF.Abs(value);

    public static float CopySign(float magnitude, float sign) => MathF.CopySign(magnitude, sign);

    public static float Round(float value) => MathF.Round(value, MidpointRounding.ToEven);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Clamp(float value, float low, float high) => value < low ? low : value > high ? high : value;

    public static float SelectLess(float left, float right, float whenTrue, float whenFalse) =>
        left < right ? whenTrue : whenFalse;

    public static float Scale(float value, float exponent) =>
        value * BitConverter.Int32BitsToSingle(((int)exponent + 127) << 23);

    public static float SplitExponent(float value, int offsetBits, out float mantissa)
    {
        int bits = BitConverter.SingleToInt32Bits(value);
        int exponent = (bits - offsetBits) >> 23;
        mantissa = BitConverter.Int32BitsToSingle(bits - (exponent << 23));
        return exponent;
    }

    public static float LoadInt32(int* source) => *source;

    public static float LoadByte(byte* source, Vector128<byte> flip) => (byte)(*source ^ flip.ToScalar());

    public static void StoreByte(byte* destination, float value, int offset) =>
        *destination = unchecked((byte)((int)Round(value) + offset));

    public static void StoreSByte(byte* destination, float value, Vector128<byte> flip) =>
        *destination = (byte)((byte)(sbyte)Math.Clamp((int)Round(value), sbyte.MinValue, sbyte.MaxValue) ^ flip.ToScalar());
}
