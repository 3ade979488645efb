using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.Wasm;
using System.Runtime.Intrinsics.X86;
using V = System.Runtime.Intrinsics.Vector128<int>;

namespace ModelOpt.Runtime.Simd;

/// <summary>Four int32 lanes in one 128-bit register.</summary>
internal readonly unsafe struct IntLanes128 : IIntLanes<V>
{
    public static int Count => V.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Create(int value) => Vector128.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load(int* source) => Vector128.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(int* destination, V value) => value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Add(V left, V right) => left + right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Multiply(V left, V right) => left * right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V DotPairs(V left, V right, V sum)
    {
        if (Sse2.IsSupported)
            return sum + Sse2.MultiplyAddAdjacent(left.AsInt16(), right.AsInt16());
        if (PackedSimd.IsSupported)
            return sum + PackedSimd.Dot(left.AsInt16(), right.AsInt16());
        if (AdvSimd.Arm64.IsSupported)
        {
            V low = AdvSimd.MultiplyWideningLower(left.AsInt16().GetLower(), right.AsInt16().GetLower());
            V high = AdvSimd.MultiplyWideningUpper(left.AsInt16(), right.AsInt16());
            return sum + AdvSimd.Arm64.AddPairwise(low, high);
        }

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
        if (Dp.IsSupported)
            return Dp.DotProduct(sum, left.AsSByte(), right.AsSByte());

        V odd = DotPairs((left.AsInt16() >> 8).AsInt32(), (right.AsInt16() >> 8).AsInt32(), sum);
        return DotPairs((left.AsInt16() << 8 >> 8).AsInt32(), (right.AsInt16() << 8 >> 8).AsInt32(), odd);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V LoadSByte(byte* source) => Sse41.IsSupported
        ? Sse41.ConvertToVector128Int32((sbyte*)source)
        : Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(int*)source).AsSByte()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V LoadByte(byte* source) => Sse41.IsSupported
        ? Sse41.ConvertToVector128Int32(source)
        : Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(int*)source).AsByte())).AsInt32();
}
