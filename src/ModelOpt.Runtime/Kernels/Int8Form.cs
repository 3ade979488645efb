using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels;

/// <summary>
/// How <c>Int8MicroKernel</c> holds its operands: the elements of one int32 lane are multiplied and summed at once. Every form gives the
/// same bits.
/// </summary>
internal enum Int8Form
{
    /// <summary>Two int16: activations and weights less their zero points, each in −255…255.</summary>
    Pairs,

    /// <summary>Four activations as uint8, four weights less their zero point as int8 (AVX-VNNI).</summary>
    UnsignedQuads,

    /// <summary>Four activations as int8, four weights less their zero point as int8 (Arm dot product, AVX-VNNI-INT8).</summary>
    SignedQuads,
}

/// <summary>Chooses forms, and gives their properties.</summary>
internal static class Int8Forms
{
    /// <summary>The form for which this process has the widest instruction.</summary>
    public static Int8Form Best { get; } =
        Dp.IsSupported || AvxVnniInt8.IsSupported ? Int8Form.SignedQuads
        : AvxVnni.IsSupported ? Int8Form.UnsignedQuads
        : Int8Form.Pairs;

    /// <summary>The widest tier that has the form's instruction, if this process has it.</summary>
    public static SimdTier WidestTier(this Int8Form form) => form == Int8Form.Pairs || AvxVnniInt8.V512.IsSupported
        ? SimdTiers.Best
        : (SimdTier)Math.Min((int)SimdTiers.Best, (int)SimdTier.Vector256);

    /// <summary>Elements of k in one lane.</summary>
    public static int LaneElements(this Int8Form form) => form == Int8Form.Pairs ? 2 : 4;

    /// <summary>Lanes that a row of k elements takes.</summary>
    public static int Lanes(this Int8Form form, int k) => (k + form.LaneElements() - 1) / form.LaneElements();
}

/// <summary>The multiply-add of a form, for one vector width.</summary>
internal interface IInt8Dot<V>
    where V : unmanaged
{
    static abstract V Dot(V activations, V weights, V sum);
}

/// <summary><see cref="Int8Form.Pairs"/>.</summary>
internal readonly struct PairDot<TLanes, V> : IInt8Dot<V>
    where TLanes : struct, IIntLanes<V>
    where V : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Dot(V activations, V weights, V sum) => TLanes.DotPairs(activations, weights, sum);
}

/// <summary><see cref="Int8Form.UnsignedQuads"/>.</summary>
internal readonly struct UnsignedQuadDot<TLanes, V> : IInt8Dot<V>
    where TLanes : struct, IIntLanes<V>
    where V : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Dot(V activations, V weights, V sum) => TLanes.DotUnsignedQuads(activations, weights, sum);
}

/// <summary><see cref="Int8Form.SignedQuads"/>.</summary>
internal readonly struct SignedQuadDot<TLanes, V> : IInt8Dot<V>
    where TLanes : struct, IIntLanes<V>
    where V : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Dot(V activations, V weights, V sum) => TLanes.DotSignedQuads(activations, weights, sum);
}
