using System.Runtime.Intrinsics;

namespace ModelOpt.Runtime.Simd;

/// <summary>
/// The float32 operations that a kernel needs of one vector width. A kernel is written once, generic over an
/// implementation, and instantiated for each <see cref="SimdTier"/>; the one-lane instance is its scalar oracle.
/// Each operation is correctly rounded per lane, so all widths agree bit for bit (NaN payloads excepted).
/// </summary>
/// <typeparam name="V">The register type.</typeparam>
internal unsafe interface ILanes<V>
    where V : unmanaged
{
    static abstract int Count { get; }

    static abstract V Create(float value);

    static abstract V Load(float* source);

    static abstract void Store(float* destination, V value);

    static abstract V Add(V left, V right);

    static abstract V Subtract(V left, V right);

    static abstract V Multiply(V left, V right);

    static abstract V Divide(V left, V right);

    /// <summary>left·right + addend, rounded once.</summary>
    static abstract V FusedMultiplyAdd(V left, V right, V addend);

    static abstract V Abs(V value);

    /// <summary>The magnitude of <paramref name="magnitude"/> with the sign of <paramref name="sign"/>.</summary>
    static abstract V CopySign(V magnitude, V sign);

    /// <summary>Nearest integer, ties to even.</summary>
    static abstract V Round(V value);

    /// <summary>value &lt; low ? low : value &gt; high ? high : value; so a NaN value stays NaN on every tier.</summary>
    static abstract V Clamp(V value, V low, V high);

    /// <summary>Per lane: left &lt; right ? whenTrue : whenFalse.</summary>
    static abstract V SelectLess(V left, V right, V whenTrue, V whenFalse);

    /// <summary>value · 2^exponent for integral exponents in −126…127 (the bit pattern of the power is built directly).</summary>
    static abstract V Scale(V value, V exponent);

    /// <summary>The unbiased exponent of a positive normal number, as float, after subtracting <paramref name="offsetBits"/>
    /// from its bit pattern; the mantissa is returned in <paramref name="mantissa"/> = value / 2^exponent.</summary>
    static abstract V SplitExponent(V value, int offsetBits, out V mantissa);

    /// <summary>int32 to float, rounded to nearest even where 24 bits do not hold it.</summary>
    static abstract V LoadInt32(int* source);

    /// <summary>Count bytes xor those of <paramref name="flip"/>, which are all the same, as uint8.</summary>
    static abstract V LoadByte(byte* source, Vector128<byte> flip);

    /// <summary>Writes the low byte of rint(value) + offset, ties to even, for |value| &lt; 2^22; that of the offset for NaN.</summary>
    static abstract void StoreByte(byte* destination, V value, int offset);

    /// <summary>
    /// Writes rint(value), ties to even, as the nearest int8 xor the bytes of <paramref name="flip"/>, for |value| &lt; 2^31.
    /// </summary>
    static abstract void StoreSByte(byte* destination, V value, Vector128<byte> flip);
}
