using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using V = System.Runtime.Intrinsics.Vector128<float>;

namespace ModelOpt.Runtime.Simd;

/// <summary>Four float lanes in one 128-bit register.</summary>
internal readonly unsafe struct Lanes128 : ILanes<V>
{
    public static int Count => V.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Create(float value) => Vector128.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load(float* source) => Vector128.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* destination, V value) => value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Add(V left, V right) => left + right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Subtract(V left, V right) => left - right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Multiply(V left, V right) => left * right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Divide(V left, V right) => left / right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V FusedMultiplyAdd(V left, V right, V addend) => Vector128.FusedMultiplyAdd(left, right, addend);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Abs(V value) => Vector128.Abs(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V CopySign(V magnitude, V sign) => Vector128.CopySign(magnitude, sign);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Round(V value) => Vector128.Round(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Clamp(V value, V low, V high)
    {
        // MAXPS and MINPS give their second operand if one is NaN or both are zero, as wanted here.
        if (Sse.IsSupported)
            return Vector128.MinNative(high, Vector128.MaxNative(low, value));
        V raised = Vector128.ConditionalSelect(Vector128.LessThan(value, low), low, value);
        return Vector128.ConditionalSelect(Vector128.GreaterThan(raised, high), high, raised);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V SelectLess(V left, V right, V whenTrue, V whenFalse) =>
        Vector128.ConditionalSelect(Vector128.LessThan(left, right), whenTrue, whenFalse);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Scale(V value, V exponent) =>
        value * ((Vector128.ConvertToInt32Native(exponent) + Vector128.Create(127)) << 23).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V SplitExponent(V value, int offsetBits, out V mantissa)
    {
        Vector128<int> exponent = (value.AsInt32() - Vector128.Create(offsetBits)) >> 23;
        mantissa = (value.AsInt32() - (exponent << 23)).AsSingle();
        return Vector128.ConvertToSingle(exponent);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V LoadInt32(int* source) => Vector128.ConvertToSingle(Vector128.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V LoadByte(byte* source, Vector128<byte> flip)
    {
        Vector128<byte> bytes = Vector128.CreateScalarUnsafe(*(int*)source).AsByte() ^ flip;
        return Vector128.ConvertToSingle(Vector128.WidenLower(Vector128.WidenLower(bytes)).AsInt32());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreByte(byte* destination, V value, int offset)
    {
        Vector128<int> bits = RoundToInt32(value) + Vector128.Create(offset);
        Vector128<short> halves = Vector128.Narrow(bits, bits);
        *(int*)destination = Vector128.Narrow(halves, halves).AsInt32().ToScalar();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreSByte(byte* destination, V value, Vector128<byte> flip)
    {
        Vector128<short> halves = Vector128.NarrowWithSaturation(RoundToInt32(value), Vector128<int>.Zero);
        Vector128<byte> bytes = Vector128.NarrowWithSaturation(halves, halves).AsByte() ^ flip;
        *(int*)destination = bytes.AsInt32().ToScalar();
    }

    // NaN becomes 0 or −2^31, whose low byte is 0 in both cases.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> RoundToInt32(V value)
    {
        if (Sse2.IsSupported)
            return Sse2.ConvertToVector128Int32(value);
        if (AdvSimd.IsSupported)
            return AdvSimd.ConvertToInt32RoundToEven(value);
        return Vector128.ConvertToInt32(Vector128.Round(value));
    }
}
