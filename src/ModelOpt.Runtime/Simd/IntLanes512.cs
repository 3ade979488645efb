using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using V = System.Runtime.Intrinsics.Vector512<int>;

namespace ModelOpt.Runtime.Simd;

/// <summary>Sixteen int32 lanes in one 512-bit register.</summary>
internal readonly unsafe struct IntLanes512 : IIntLanes<V>
{
    public static int Count => V.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Create(int value) => Vector512.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load(int* source) => Vector512.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(int* destination, V value) => value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Add(V left, V right) => left + right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Multiply(V left, V right) => left * right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V DotPairs(V left, V right, V sum)
    {
        if (Avx512BW.IsSupported)
            return sum + Avx512BW.MultiplyAddAdjacent(left.AsInt16(), right.AsInt16());
        return sum + ((left << 16 >> 16) * (right << 16 >> 16)) + ((left >> 16) * (right >> 16));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V DotUnsignedQuads(V left, V right, V sum)
    {
        V odd = DotPairs((left.AsUInt16() >> 8).AsInt32(), (right.AsInt16() >> 8).AsInt32(), sum);
        return DotPairs((left.AsUInt16() << 8 >> 8).AsInt32(), (right.AsInt16() << 8 >> 8).AsInt32(), odd);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V DotSignedQuads(V left, V right, V sum)
    {
        if (AvxVnniInt8.V512.IsSupported)
            return AvxVnniInt8.V512.MultiplyWideningAndAdd(sum, left.AsSByte(), right.AsSByte());

        V odd = DotPairs((left.AsInt16() >> 8).AsInt32(), (right.AsInt16() >> 8).AsInt32(), sum);
        return DotPairs((left.AsInt16() << 8 >> 8).AsInt32(), (right.AsInt16() << 8 >> 8).AsInt32(), odd);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V LoadSByte(byte* source) => Avx512F.IsSupported
        ? Avx512F.ConvertToVector512Int32(Vector128.Load((sbyte*)source))
        : Vector512.WidenLower(Vector256.WidenLower(Vector128.Load((sbyte*)source).ToVector256Unsafe()).ToVector512Unsafe());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V LoadByte(byte* source) => Avx512F.IsSupported
        ? Avx512F.ConvertToVector512Int32(Vector128.Load(source))
        : Vector512.WidenLower(Vector256.WidenLower(Vector128.Load(source).ToVector256Unsafe()).ToVector512Unsafe()).AsInt32();
}
