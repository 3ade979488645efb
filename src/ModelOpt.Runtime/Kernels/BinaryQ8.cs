using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ModelOpt.Runtime.Kernels;

/// <summary>
/// A function of two stored int8 values, given as floats. The result is clamped, rounded to even, and then the output
/// zero point is added if the function has not done so.
/// </summary>
internal interface IQuantizedOperation
{
    Vector<float> Apply(Vector<float> left, Vector<float> right);

    float Apply(float left, float right);
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
    public Vector<float> Apply(Vector<float> left, Vector<float> right) => Vector.FusedMultiplyAdd(
        left + new Vector<float>(Shift), new Vector<float>(LeftFactor), Vector.FusedMultiplyAdd(
            right + new Vector<float>(Shift), new Vector<float>(RightFactor), new Vector<float>(Offset)));

    public float Apply(float left, float right) =>
        MathF.FusedMultiplyAdd(left + Shift, LeftFactor, MathF.FusedMultiplyAdd(right + Shift, RightFactor, Offset));
}

/// <summary>(a − z_a)(b − z_b)·(s_a·s_b/s_c) + z_c, as ONNX Runtime's QLinearMul. The integer product is exact in float.</summary>
internal readonly struct QuantizedMultiply(BinaryQuantization q) : IQuantizedOperation
{
    private readonly float _scale = q.LeftScale * q.RightScale / q.OutputScale;
    private readonly float _leftZero = q.LeftZero;
    private readonly float _rightZero = q.RightZero;
    private readonly float _outputZero = q.OutputZero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<float> Apply(Vector<float> left, Vector<float> right) =>
        ((left - new Vector<float>(_leftZero)) * (right - new Vector<float>(_rightZero)) * new Vector<float>(_scale))
        + new Vector<float>(_outputZero);

    public float Apply(float left, float right) => ((left - _leftZero) * (right - _rightZero) * _scale) + _outputZero;
}

/// <summary>Dequantize, operate in float32, quantize: how operators run that have no integer form in ONNX Runtime.</summary>
internal readonly struct QuantizedByFloat<TOperation>(BinaryQuantization q) : IQuantizedOperation
    where TOperation : struct, IBinaryOperation<float>
{
    private readonly float _leftScale = q.LeftScale;
    private readonly float _leftZero = q.LeftZero;
    private readonly float _rightScale = q.RightScale;
    private readonly float _rightZero = q.RightZero;
    private readonly float _outputScale = q.OutputScale;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<float> Apply(Vector<float> left, Vector<float> right) =>
        TOperation.Apply(
            (left - new Vector<float>(_leftZero)) * new Vector<float>(_leftScale),
            (right - new Vector<float>(_rightZero)) * new Vector<float>(_rightScale)) / new Vector<float>(_outputScale);

    public float Apply(float left, float right) =>
        TOperation.Apply((left - _leftZero) * _leftScale, (right - _rightZero) * _rightScale) / _outputScale;
}

/// <summary>left ∘ right on int8 or uint8 values.</summary>
/// <param name="shape">How the operands broadcast.</param>
/// <param name="operation">The function.</param>
/// <param name="zeroPoint">What is added after rounding.</param>
/// <param name="min">Lowest result, in int8's range.</param>
/// <param name="max">Highest result.</param>
/// <param name="flip">0x80 for uint8.</param>
internal sealed class BinaryQ8Kernel<TOperation>(
    BroadcastShape shape, TOperation operation, int zeroPoint, int min, int max, byte flip) : BroadcastKernel(shape)
    where TOperation : struct, IQuantizedOperation
{
    // Short rows leave vectors unfilled; a repeated right operand is laid out over as many rows as make this length.
    private const int TileLength = 1024;

    private readonly int _tileRows = shape.RightRowRepeats && shape.Length < TileLength
        ? Math.Min((TileLength + shape.Length - 1) / shape.Length, shape.Rows)
        : 0;

    private readonly float _low = min - zeroPoint;
    private readonly float _high = max - zeroPoint;

    public override int ScratchBytes => _tileRows * Shape.Length;

    public override int Items => _tileRows == 0 ? base.Items : (Shape.Rows + _tileRows - 1) / _tileRows;

    public override void Run(in KernelArguments args, int start, int end)
    {
        if (_tileRows == 0)
        {
            base.Run(args, start, end);
            return;
        }
        ReadOnlySpan<byte> row = args.Input<byte>(1);
        Span<byte> tile = args.Scratch<byte>()[..ScratchBytes];
        for (int i = 0; i < tile.Length; i += row.Length)
            row.CopyTo(tile[i..]);
        int last = Math.Min(Shape.Rows, end * _tileRows) * Shape.Length;
        for (int i = start * tile.Length; i < last; i += tile.Length)
        {
            Run(
                ref QuantizedBytes.Reference(args.Input<byte>(0), i), ref MemoryMarshal.GetReference(tile),
                ref QuantizedBytes.Reference(args.Output<byte>(0), i), Math.Min(tile.Length, last - i));
        }
    }

    protected override void Run(in KernelArguments args, int left, int right, int output, int length) => Run(
        ref QuantizedBytes.Reference(args.Input<byte>(0), left), ref QuantizedBytes.Reference(args.Input<byte>(1), right),
        ref QuantizedBytes.Reference(args.Output<byte>(0), output), length);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Run(ref byte a, ref byte b, ref byte c, int length)
    {
        bool repeatA = Shape.LeftRepeats, repeatB = Shape.RightRepeats;
        var zero = new Vector<int>(zeroPoint);
        int i = 0;
        for (; i <= length - Vector<byte>.Count; i += Vector<byte>.Count)
        {
            Operand(ref a, i, repeatA, out var a0, out var a1, out var a2, out var a3);
            Operand(ref b, i, repeatB, out var b0, out var b1, out var b2, out var b3);
            QuantizedBytes.Store(
                ref Unsafe.Add(ref c, i), flip, Result(a0, b0) + zero, Result(a1, b1) + zero, Result(a2, b2) + zero, Result(a3, b3) + zero);
        }
        for (; i < length; i++)
            Unsafe.Add(ref c, i) = Scalar(Unsafe.Add(ref a, repeatA ? 0 : i), Unsafe.Add(ref b, repeatB ? 0 : i));
    }

    /// <summary>One element: the oracle of the vector loop, and its tail.</summary>
    public byte Scalar(byte left, byte right)
    {
        float value = operation.Apply(QuantizedBytes.Load(left, flip), QuantizedBytes.Load(right, flip));
        return QuantizedBytes.Store(QuantizedBytes.Round(value, _low, _high) + zeroPoint, flip);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector<int> Result(Vector<float> left, Vector<float> right) =>
        QuantizedBytes.Round(operation.Apply(left, right), new Vector<float>(_low), new Vector<float>(_high));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Operand(
        ref byte source, int index, bool repeats, out Vector<float> v0, out Vector<float> v1, out Vector<float> v2, out Vector<float> v3)
    {
        if (repeats)
            v0 = v1 = v2 = v3 = new Vector<float>(QuantizedBytes.Load(source, flip));
        else
            QuantizedBytes.Load(ref Unsafe.Add(ref source, index), flip, out v0, out v1, out v2, out v3);
    }
}
