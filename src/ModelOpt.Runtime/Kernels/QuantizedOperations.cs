using System.Runtime.CompilerServices;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels;

/// <summary>
/// A function of two stored int8 values, given as floats and 128 higher, which saves the shift to uint8. The result is clamped, rounded
/// to even, and then the output
/// zero point is added if the function has not done so.
/// </summary>
internal interface IQuantizedOperation
{
    V Apply<TLanes, V>(V left, V right)
        where TLanes : struct, ILanes<V>
        where V : unmanaged;
}

/// <summary>A function of two floats on lanes of any width.</summary>
internal interface IFloatOperation
{
    static abstract V Apply<TLanes, V>(V left, V right)
        where TLanes : struct, ILanes<V>
        where V : unmanaged;
}

/// <summary>Scales and zero points (in int8's range) of the operands and the result.</summary>
internal readonly record struct BinaryQuantization(
    float LeftScale, int LeftZero, float RightScale, int RightZero, float OutputScale, int OutputZero);

/// <summary>
/// a·(s_a/s_c) + (b·(s_b/s_c) + offset), fused, as ONNX Runtime's QLinearAdd on AVX2 computes it of uint8 (which is how our
/// .onnx files store activations): where the sum lies half way between two steps, the offset's last bit decides. The result
/// is 128 above the stored int8.
/// </summary>
internal readonly struct QuantizedAdd(BinaryQuantization q) : IQuantizedOperation
{
    /// <summary>uint8 is int8 and this.</summary>
    public const int Shift = 128;

    /// <summary>s_a / s_c.</summary>
    public float LeftFactor { get; } = q.LeftScale / q.OutputScale;

    /// <summary>s_b / s_c.</summary>
    public float RightFactor { get; } = q.RightScale / q.OutputScale;

    // The compiler of ONNX Runtime contracts the first product and the sum into one operation; so must this.
    public float Offset { get; } = q.OutputZero + Shift - MathF.FusedMultiplyAdd(
        q.LeftScale / q.OutputScale, q.LeftZero + Shift, q.RightScale / q.OutputScale * (q.RightZero + Shift));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Apply<TLanes, V>(V left, V right)
        where TLanes : struct, ILanes<V>
        where V : unmanaged
    {
        V sum = TLanes.FusedMultiplyAdd(right, TLanes.Create(RightFactor), TLanes.Create(Offset));
        return TLanes.FusedMultiplyAdd(left, TLanes.Create(LeftFactor), sum);
    }
}

/// <summary>(a − z_a)(b − z_b)·(s_a·s_b/s_c) + z_c, as ONNX Runtime's QLinearMul. The integer product is exact in float.</summary>
internal readonly struct QuantizedMultiply(BinaryQuantization q) : IQuantizedOperation
{
    private readonly float _scale = q.LeftScale * q.RightScale / q.OutputScale;
    private readonly float _leftZero = q.LeftZero + QuantizedAdd.Shift;
    private readonly float _rightZero = q.RightZero + QuantizedAdd.Shift;
    private readonly float _outputZero = q.OutputZero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Apply<TLanes, V>(V left, V right)
        where TLanes : struct, ILanes<V>
        where V : unmanaged
    {
        V product = TLanes.Multiply(
            TLanes.Subtract(left, TLanes.Create(_leftZero)), TLanes.Subtract(right, TLanes.Create(_rightZero)));
        return TLanes.Add(TLanes.Multiply(product, TLanes.Create(_scale)), TLanes.Create(_outputZero));
    }
}

/// <summary>Dequantize, operate in float32, quantize: how operators run that have no integer form in ONNX Runtime.</summary>
internal readonly struct QuantizedByFloat<TOperation>(BinaryQuantization q) : IQuantizedOperation
    where TOperation : struct, IFloatOperation
{
    private readonly float _leftScale = q.LeftScale;
    private readonly float _leftZero = q.LeftZero + QuantizedAdd.Shift;
    private readonly float _rightScale = q.RightScale;
    private readonly float _rightZero = q.RightZero + QuantizedAdd.Shift;
    private readonly float _outputScale = q.OutputScale;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Apply<TLanes, V>(V left, V right)
        where TLanes : struct, ILanes<V>
        where V : unmanaged
    {
        V x = TLanes.Multiply(TLanes.Subtract(left, TLanes.Create(_leftZero)), TLanes.Create(_leftScale));
        V y = TLanes.Multiply(TLanes.Subtract(right, TLanes.Create(_rightZero)), TLanes.Create(_rightScale));
        return TLanes.Divide(TOperation.Apply<TLanes, V>(x, y), TLanes.Create(_outputScale));
    }
}

internal readonly struct SubtractFloat : IFloatOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<TLanes, V>(V left, V right)
        where TLanes : struct, ILanes<V>
        where V : unmanaged => TLanes.Subtract(left, right);
}

internal readonly struct DivideFloat : IFloatOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<TLanes, V>(V left, V right)
        where TLanes : struct, ILanes<V>
        where V : unmanaged => TLanes.Divide(left, right);
}

internal readonly struct MinimumFloat : IFloatOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<TLanes, V>(V left, V right)
        where TLanes : struct, ILanes<V>
        where V : unmanaged => TLanes.SelectLess(left, right, left, right);
}

internal readonly struct MaximumFloat : IFloatOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<TLanes, V>(V left, V right)
        where TLanes : struct, ILanes<V>
        where V : unmanaged => TLanes.SelectLess(left, right, right, left);
}

/// <summary>x, or x times the slope where x is negative.</summary>
internal readonly struct PReluFloat : IFloatOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<TLanes, V>(V left, V right)
        where TLanes : struct, ILanes<V>
        where V : unmanaged => TLanes.SelectLess(left, TLanes.Create(0), TLanes.Multiply(left, right), left);
}
