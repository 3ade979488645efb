using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using V = System.Runtime.Intrinsics.Vector512<float>;

namespace ModelOpt.Runtime.Simd;

/// <summary>Sixteen float lanes in one 512-bit register.</summary>
internal readonly unsafe struct Lanes512 : ILanes<V>
{
    public static int Count => V.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Create(float value) => Vector512.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load(float* source) => Vector512.Load(source);

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
    public static V FusedMultiplyAdd(V left, V right, V addend) => Vector512.FusedMultiplyAdd(left, right, addend);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Abs(V value) => Vector512.Abs(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V CopySign(V magnitude, V sign) => Vector512.CopySign(magnitude, sign);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Round(V value) => Vector512.Round(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Clamp(V value, V low, V high)
    {
        // MAXPS and MINPS give their second operand if one is NaN or both are zero, as wanted here.
        if (Sse.IsSupported)
            return Vector512.MinNative(high, Vector512.MaxNative(low, value));
        V raised = Vector512.ConditionalSelect(Vector512.LessThan(value, low), low, value);
        return Vector512.ConditionalSelect(Vector512.GreaterThan(raised, high), high, raised);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V SelectLess(V left, V right, V whenTrue, V whenFalse) =>
        Vector512.ConditionalSelect(Vector512.LessThan(left, right), whenTrue, whenFalse);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Scale(V value, V exponent) =>
        value * ((Vector512.ConvertToInt32Native(exponent) + Vector512.Create(127)) << 23).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V SplitExponent(V value, int offsetBits, out V mantissa)
    {
        Vector512<int> exponent = (value.AsInt32() - Vector512.Create(offsetBits)) >> 23;
        mantissa = (value.AsInt32() - (exponent << 23)).AsSingle();
        return Vector512.ConvertToSingle(exponent);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V LoadInt32(int* source) => Vector512.ConvertToSingle(Vector512.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V LoadByte(byte* source, Vector128<byte> flip)
    {
        Vector128<byte> bytes = Vector128.Load(source) ^ flip;
        return Vector512.ConvertToSingle(Avx512F.IsSupported
            ? Avx512F.ConvertToVector512Int32(bytes)
            : Vector512.WidenLower(Vector256.WidenLower(bytes.ToVector256Unsafe()).ToVector512Unsafe()).AsInt32());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreByte(byte* destination, V value, int offset)
    {
        Vector512<int> bits = RoundToInt32(value) + Vector512.Create(offset);
        if (Avx512F.IsSupported)
            Avx512F.ConvertToVector128Byte(bits).Store(destination);
        else
            Vector256.Narrow(Vector512.Narrow(bits, bits).GetLower(), default).AsByte().GetLower().Store(destination);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreSByte(byte* destination, V value, Vector128<byte> flip)
    {
        Vector512<int> integers = RoundToInt32(value);
        Vector128<sbyte> bytes = Avx512F.IsSupported
            ? Avx512F.ConvertToVector128SByteWithSaturation(integers)
            : Vector256.NarrowWithSaturation(Vector512.NarrowWithSaturation(integers, integers).GetLower(), default).GetLower();
        (bytes.AsByte() ^ flip).Store(destination);
    }

    // NaN becomes 0 or −2^31, whose low byte is 0 in both cases.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> RoundToInt32(V value)
    {
        return Avx512F.IsSupported ? Avx512F.ConvertToVector512Int32(value) : Vector512.ConvertToInt32(Vector512.Round(value));
    }
}
