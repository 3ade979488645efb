using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using V = System.Runtime.Intrinsics.Vector256<int>;

namespace ModelOpt.Runtime.Simd;

/// <summary>Eight int32 lanes in one 256-bit register.</summary>
internal readonly unsafe struct IntLanes256 : IIntLanes<V>
{
    public static int Count => V.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Create(int value) => Vector256.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load(int* source) => Vector256.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(int* destination, V value) => value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Add(V left, V right) => left + right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Multiply(V left, V right) => left * right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V DotPairs(V left, V right, V sum)
    {
        if (Avx2.IsSupported)
            return sum + Avx2.MultiplyAddAdjacent(left.AsInt16(), right.AsInt16());
        return sum + ((left << 16 >> 16) * (right << 16 >> 16)) + ((left >> 16) * (right >> 16));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V DotUnsignedQuads(V left, V right, V sum)
    {
        if (AvxVnni.IsSupported)
            return AvxVnni.MultiplyWideningAndAdd(sum, left.AsByte(), right.AsSByte());

        V odd = DotPairs((left.AsUInt16() >> 8).AsInt32(), (right.AsInt16() >> 8).AsInt32(), sum);
        return DotPairs((left.AsUInt16() << 8 >> 8).AsInt32(), (right.AsInt16() << 8 >> 8).AsInt32(), odd);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V DotSignedQuads(V left, V right, V sum)
    {
        if (AvxVnniInt8.IsSupported)
            return AvxVnniInt8.MultiplyWideningAndAdd(sum, left.AsSByte(), right.AsSByte());

        V odd = DotPairs((left.AsInt16() >> 8).AsInt32(), (right.AsInt16() >> 8).AsInt32(), sum);
        return DotPairs((left.AsInt16() << 8 >> 8).AsInt32(), (right.AsInt16() << 8 >> 8).AsInt32(), odd);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V LoadSByte(byte* source) => Avx2.IsSupported
        ? Avx2.ConvertToVector256Int32((sbyte*)source)
        : Vector256.WidenLower(
            Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(long*)source).AsSByte()).ToVector256Unsafe());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V LoadByte(byte* source) => Avx2.IsSupported
        ? Avx2.ConvertToVector256Int32(source)
        : Vector256.WidenLower(
            Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(long*)source).AsByte()).ToVector256Unsafe()).AsInt32();
}
