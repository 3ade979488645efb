using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Contract;

/// <content>Comparisons, choices and functions of elements.</content>
internal readonly partial struct LoweringSteps
{
    /// <summary>An operator of one input with options.</summary>
    /// <param name="to">Where to write the result; a new tensor where null.</param>
    public TfliteTensor Unary(BuiltinOperator op, TfliteTensor x, TfliteTensor? to, IOperatorOptions options)
    {
        TfliteTensor result = to ?? Lowering.Temporary(node, x, x.Dims);
        context.Emit(op, [x], [result], options);
        return result;
    }

    /// <summary>A function of one input that TFLite lacks, by the steps that compute it.</summary>
    /// <param name="decompose">Takes a tensor of float32 and gives the function of it.</param>
    public void Composite(BuiltinOperator op, TfliteTensor x, TfliteTensor to, Func<LoweringSteps, TfliteTensor, TfliteTensor> decompose)
    {
        Node owner = node;
        context.EmitComposite(op, [x], [to], null, (inner, within) =>
        {
            TfliteTensor real = within[0].Quantization is null ? within[0] : inner.Dequantize(within[0]);
            TfliteTensor result = decompose(new LoweringSteps(inner, owner), real);
            return [to.Quantization is { } grid ? inner.Quantize(result, grid) : result];
        });
    }

    /// <summary>log(1 + u) of numbers from 0 on, which keeps the digits of small ones: what rounding 1 + u adds is divided out.</summary>
    public TfliteTensor LogOfOneMore(TfliteTensor u)
    {
        TfliteTensor one = Scalar(1, u), sum = Add(u, one), log = Unary(BuiltinOperator.Log, sum), rest = Subtract(sum, one);
        TfliteTensor isNothing = Compare(BuiltinOperator.Equal, rest, Scalar(0, u));
        TfliteTensor small = Binary(BuiltinOperator.Div, Multiply(log, u), Select(isNothing, one, rest));
        return Select(Compare(BuiltinOperator.Greater, u, one), log, Select(isNothing, u, small));
    }

    /// <summary>The angle of the point (<paramref name="x"/>, <paramref name="y"/>): ATAN2, which does not broadcast.</summary>
    public void Arctangent(TfliteTensor y, TfliteTensor x, TfliteTensor to) => context.Emit(BuiltinOperator.Atan2, [y, x], [to]);

    /// <summary>√(1 − x²), as √((1 − x)(1 + x)), which keeps its digits near 1.</summary>
    public TfliteTensor OtherLeg(TfliteTensor x)
    {
        TfliteTensor one = Scalar(1, x);
        return Unary(BuiltinOperator.Sqrt, Multiply(Subtract(one, x), Add(x, one)));
    }

    /// <summary>EQUAL, LESS and the like, with broadcasting.</summary>
    /// <param name="to">Where to write the bools; a new tensor where null.</param>
    public TfliteTensor Compare(BuiltinOperator op, TfliteTensor a, TfliteTensor b, TfliteTensor? to = null)
    {
        // TFLite does not compare narrow integers, or takes them for quantized; it does compare bools for equality.
        if (a.Type != TensorType.Bool && Wider(a.Type) is { } wide) (a, b) = (Cast(a, wide), Cast(b, wide));
        TfliteTensor result = to ?? Broadcast(TensorType.Bool, a, b);
        context.Emit(op, [a, b], [result]);
        return result;
    }

    /// <summary>An operator of two operands of one type that broadcast, as they are.</summary>
    /// <param name="to">Where to write the result; a new tensor where null.</param>
    public TfliteTensor Pair(BuiltinOperator op, TfliteTensor a, TfliteTensor b, TfliteTensor? to = null)
    {
        TfliteTensor result = to ?? Broadcast(a.Type, a, b);
        context.Emit(op, [a, b], [result]);
        return result;
    }

    /// <summary>a where a condition holds, else b, with broadcasting.</summary>
    /// <param name="to">Where to write the result; a new tensor where null.</param>
    public TfliteTensor Select(TfliteTensor condition, TfliteTensor a, TfliteTensor b, TfliteTensor? to = null)
    {
        TfliteTensor result = to ?? Broadcast(a.Type, Broadcast(a.Type, condition, a), b);
        context.Emit(BuiltinOperator.SelectV2, [condition, a, b], [result]);
        return result;
    }

    private TfliteTensor Broadcast(TensorType type, TfliteTensor a, TfliteTensor b)
    {
        int rank = Math.Max(a.Rank, b.Rank);
        int[] left = [.. Enumerable.Repeat(1, rank - a.Rank), .. a.Dims], right = [.. Enumerable.Repeat(1, rank - b.Rank), .. b.Dims];
        int open = a.OpenAxis >= 0 ? a.OpenAxis + rank - a.Rank : b.OpenAxis >= 0 ? b.OpenAxis + rank - b.Rank : -1;
        return Lowering.Temporary(node, type, [.. left.Zip(right, (l, r) => l == 1 ? r : l)], open);
    }

    /// <summary>
    /// Indices counted from the front. ONNX counts negative ones from the back, which TFLite does not: i − length ·
    /// max(min(i, 0), −1).
    /// </summary>
    /// <param name="value">What the indices are in the graph.</param>
    /// <param name="length">The size of the axis that they count along; negative where it is open.</param>
    public TfliteTensor FromFront(TfliteTensor indices, Value value, long length)
    {
        if (length < 0 || KnownSigns.IsNeverNegative(value)) return indices;
        bool isWide = indices.Type == TensorType.Int64;
        TfliteTensor zero = context.Constant(node.Label, isWide ? Tensor.Scalar(0L) : Tensor.Scalar(0));
        TfliteTensor front = Binary(BuiltinOperator.Minimum, indices, zero);
        TfliteTensor less = context.Constant(node.Label, isWide ? Tensor.Scalar(-1L) : Tensor.Scalar(-1));
        TfliteTensor sign = Binary(BuiltinOperator.Maximum, front, less);
        TfliteTensor size = context.Constant(node.Label, isWide ? Tensor.Scalar(length) : Tensor.Scalar((int)length));
        return Subtract(indices, Multiply(sign, size));
    }
}
