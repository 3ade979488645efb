using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using V = System.Runtime.Intrinsics.Vector256<float>;

namespace ModelOpt.Runtime.Simd;

/// <summary>Eight float lanes in one 256-bit register.</summary>
internal readonly unsafe struct Lanes256 : ILanes<V>
{
    public static int Count => V.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Create(float value) => Vector256.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load(float* source) => Vector256.Load(source);

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
    public static V FusedMultiplyAdd(V left, V right, V addend) => Vector256.FusedMultiplyAdd(left, right, addend);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Abs(V value) => Vector256.Abs(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V CopySign(V magnitude, V sign) => Vector256.CopySign(magnitude, sign);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Round(V value) => Vector256.Round(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Clamp(V value, V low, V high)
    {
        // MAXPS and MINPS give their second operand if one is NaN or both are zero, as wanted here.
        if (Sse.IsSupported)
            return Vector256.MinNative(high, Vector256.MaxNative(low, value));
        V raised = Vector256.ConditionalSelect(Vector256.LessThan(value, low), low, value);
        return Vector256.ConditionalSelect(Vector256.GreaterThan(raised, high), high, raised);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V SelectLess(V left, V right, V whenTrue, V whenFalse) =>
        Vector256.ConditionalSelect(Vector256.LessThan(left, right), whenTrue, whenFalse);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Scale(V value, V exponent) =>
        value * ((Vector256.ConvertToInt32Native(exponent) + Vector256.Create(127)) << 23).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V SplitExponent(V value, int offsetBits, out V mantissa)
    {
        Vector256<int> exponent = (value.AsInt32() - Vector256.Create(offsetBits)) >> 23;
        mantissa = (value.AsInt32() - (exponent << 23)).AsSingle();
        return Vector256.ConvertToSingle(exponent);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V LoadInt32(int* source) => Vector256.ConvertToSingle(Vector256.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V LoadByte(byte* source, Vector128<byte> flip)
    {
        Vector128<byte> bytes = Vector128.CreateScalarUnsafe(*(long*)source).AsByte() ^ flip;
        return Vector256.ConvertToSingle(Avx2.IsSupported
            ? Avx2.ConvertToVector256Int32(bytes)
            : Vector256.WidenLower(Vector128.WidenLower(bytes).ToVector256Unsafe()).AsInt32());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreByte(byte* destination, V value, int offset)
    {
        Vector256<int> bits = RoundToInt32(value) + Vector256.Create(offset);
        Vector128<short> halves = Vector128.Narrow(bits.GetLower(), bits.GetUpper());
        *(long*)destination = Vector128.Narrow(halves, halves).AsInt64().ToScalar();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreSByte(byte* destination, V value, Vector128<byte> flip)
    {
        Vector256<int> integers = RoundToInt32(value);
        Vector128<short> halves = Vector128.NarrowWithSaturation(integers.GetLower(), integers.GetUpper());
        Vector128<byte> bytes = Vector128.NarrowWithSaturation(halves, halves).AsByte() ^ flip;
        *(long*)destination = bytes.AsInt64().ToScalar();
    }

    // NaN becomes 0 or −2^31, whose low byte is 0 in both cases.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> RoundToInt32(V value)
    {
        return Avx.IsSupported ? Avx.ConvertToVector256Int32(value) : Vector256.ConvertToInt32(Vector256.Round(value));
    }
}
