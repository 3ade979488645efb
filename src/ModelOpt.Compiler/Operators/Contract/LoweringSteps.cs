using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Contract;

/// <summary>
/// The TFLite operators that a node becomes where one does not do: each step gives a tensor for the next. Operands broadcast, and integers
/// are computed in a type that TFLite computes in.
/// </summary>
internal readonly partial struct LoweringSteps(Lowering context, Node node)
{
    /// <summary>The sum.</summary>
    /// <param name="to">Where to write it; a new tensor where null.</param>
    public TfliteTensor Add(TfliteTensor a, TfliteTensor b, TfliteTensor? to = null) => Binary(BuiltinOperator.Add, a, b, to);

    /// <summary>The difference.</summary>
    /// <param name="to">Where to write it; a new tensor where null.</param>
    public TfliteTensor Subtract(TfliteTensor a, TfliteTensor b, TfliteTensor? to = null) => Binary(BuiltinOperator.Sub, a, b, to);

    /// <summary>The product.</summary>
    /// <param name="to">Where to write it; a new tensor where null.</param>
    public TfliteTensor Multiply(TfliteTensor a, TfliteTensor b, TfliteTensor? to = null) => Binary(BuiltinOperator.Mul, a, b, to);

    /// <summary>ADD, SUB, MUL, DIV, MAXIMUM or MINIMUM.</summary>
    /// <param name="to">Where to write the result; a new tensor where null.</param>
    public TfliteTensor Binary(
        BuiltinOperator op, TfliteTensor a, TfliteTensor b, TfliteTensor? to = null,
        ActivationFunction activation = ActivationFunction.None)
    {
        int rank = Math.Max(a.Rank, b.Rank);
        int[] left = [.. Enumerable.Repeat(1, rank - a.Rank), .. a.Dims], right = [.. Enumerable.Repeat(1, rank - b.Rank), .. b.Dims];
        int open = a.OpenAxis >= 0 ? a.OpenAxis + rank - a.Rank : b.OpenAxis >= 0 ? b.OpenAxis + rank - b.Rank : -1;
        TfliteTensor result = to ?? Lowering.Temporary(node, a.Type, [.. left.Zip(right, (l, r) => l == 1 ? r : l)], open);
        IOperatorOptions options = op switch
        {
            BuiltinOperator.Maximum or BuiltinOperator.Minimum => new EmptyOptions(BuiltinOptionsType.MaximumMinimum),
            BuiltinOperator.Add => new ArithmeticOptions(BuiltinOptionsType.Add, activation),
            BuiltinOperator.Sub => new ArithmeticOptions(BuiltinOptionsType.Sub, activation),
            BuiltinOperator.Div => new ArithmeticOptions(BuiltinOptionsType.Div, activation),
            _ => new ArithmeticOptions(BuiltinOptionsType.Mul, activation),
        };
        EmitWide(op, [a, b], result, options);
        return result;
    }

    /// <summary>
    /// The product of matrices over the last two axes, the others broadcasting, of integers: TFLite multiplies matrices of floats only.
    /// </summary>
    /// <param name="a">[…, M, K].</param>
    /// <param name="b">[…, K, N].</param>
    public TfliteTensor IntegerProduct(TfliteTensor a, TfliteTensor b)
    {
        TfliteTensor left = Reshape(a, [.. a.Dims, 1], a.OpenAxis);
        int rank = b.Rank;
        TfliteTensor right = Reshape(b, [.. b.Dims[..^2], 1, .. b.Dims[^2..]], b.OpenAxis < rank - 2 ? b.OpenAxis : b.OpenAxis + 1);
        TfliteTensor products = Multiply(left, right);
        return Reduce(BuiltinOperator.Sum, products, [products.Rank - 2], keep: false);
    }

    /// <summary>An operator of one input and no options, such as SQRT.</summary>
    /// <param name="to">Where to write the result; a new tensor where null.</param>
    public TfliteTensor Unary(BuiltinOperator op, TfliteTensor x, TfliteTensor? to = null)
    {
        TfliteTensor result = to ?? Lowering.Temporary(node, x, x.Dims);
        context.Emit(op, [x], [result]);
        return result;
    }

    /// <summary>A function of real numbers, such as SQRT; of integers, rounded towards zero.</summary>
    public void Floats(BuiltinOperator op, TfliteTensor x, TfliteTensor to)
    {
        if (x.Type == TensorType.Float32) Unary(op, x, to);
        else Cast(Unary(op, Cast(x, TensorType.Float32)), to.Type, to);
    }

    /// <summary>The elements in a type whose elements TFLite compares.</summary>
    public TfliteTensor Comparable(TfliteTensor x) => Wider(x.Type) is { } wide && x.Quantization is null ? Cast(x, wide) : x;

    /// <summary>The absolute values.</summary>
    public TfliteTensor Magnitude(TfliteTensor x) => x.Type switch
    {
        TensorType.Float32 => Unary(BuiltinOperator.Abs, x),
        TensorType.Bool or TensorType.UInt8 or TensorType.UInt16 or TensorType.UInt32 or TensorType.UInt64 => x,
        // TFLite's ABS of integers takes few types.
        _ => Binary(BuiltinOperator.Maximum, x, Subtract(Scalar(0, x), x)),
    };

    /// <summary>MEAN, SUM, REDUCE_MAX, REDUCE_MIN or REDUCE_PROD.</summary>
    /// <param name="keep">Whether they stay, with size 1.</param>
    /// <param name="to">Where to write the result; a new tensor where null.</param>
    public TfliteTensor Reduce(BuiltinOperator op, TfliteTensor x, int[] axes, bool keep, TfliteTensor? to = null)
    {
        int[] kept = [.. Enumerable.Range(0, x.Rank).Where(i => keep || !axes.Contains(i))];
        TfliteTensor result = to ?? Lowering.Temporary(
            node, x.Type, [.. kept.Select(i => axes.Contains(i) ? 1 : x.Dims[i])],
            axes.Contains(x.OpenAxis) ? -1 : Array.IndexOf(kept, x.OpenAxis));
        if (axes.Any(axis => x.Dims[axis] == 0))
        {
            Fill(OfNothing(op), result);
            return result;
        }

        TfliteTensor indices = context.Constant($"{node.Label}/axes", Tensor.Vector<int>(axes));
        EmitWide(op, [x], result, new ReducerOptions(keep), [indices]);
        return result;
    }

    /// <summary>The same elements under other sizes.</summary>
    /// <param name="dims">The sizes, 1 at the open axis.</param>
    /// <param name="openAxis">The open axis, or -1.</param>
    public TfliteTensor Reshape(TfliteTensor x, int[] dims, int openAxis = -1)
    {
        TfliteTensor result = Lowering.Temporary(node, x.Type, dims, openAxis, x.Quantization);
        context.EmitReshape(x, result);
        return result;
    }

    /// <summary>One number everywhere: the result of a sum over nothing.</summary>
    /// <param name="to">Where to write it; no size may be open.</param>
    public void Fill(float value, TfliteTensor to)
    {
        if (to.OpenAxis >= 0) throw GraphDiagnostics.DynamicShape.Error(node.Label, node.Output.Name, node.Output.Shape);
        Tensor element = Casting.To(Tensor.Scalar(value), Enum.Parse<ElementType>($"{to.Type}"));
        context.EmitReshape(context.Constant($"{node.Label}/constant", Lowering.Filled(node, element, to.Dims)), to);
    }

    /// <summary>Slices along an axis at constant positions.</summary>
    /// <param name="to">Where to write the result; a new tensor where null.</param>
    public TfliteTensor Gather(TfliteTensor x, int axis, int[] positions, TfliteTensor? to = null)
    {
        int[] dims = [.. x.Dims];
        dims[axis] = positions.Length;
        TfliteTensor result = to ?? Lowering.Temporary(node, x, dims);
        TfliteTensor indices = context.Constant($"{node.Label}/positions", Tensor.Vector<int>(positions));
        context.Emit(BuiltinOperator.Gather, [x, indices], [result], new GatherOptions(axis));
        return result;
    }

    /// <summary>Sizes, starts or ends as int32; numbers beyond are the largest or smallest there are.</summary>
    /// <param name="x">int32 or int64.</param>
    public TfliteTensor Bounded(TfliteTensor x)
    {
        if (x.Type == TensorType.Int32) return x;
        TfliteTensor most = context.Constant($"{node.Label}/most", Tensor.Vector<long>(int.MaxValue));
        TfliteTensor least = context.Constant($"{node.Label}/least", Tensor.Vector<long>(-int.MaxValue));
        TfliteTensor low = Binary(BuiltinOperator.Minimum, x, most);
        return Cast(Binary(BuiltinOperator.Maximum, low, least), TensorType.Int32);
    }

    /// <summary>1 where an int32 is a number, else 0.</summary>
    public TfliteTensor IsNumber(TfliteTensor x, TfliteTensor number)
    {
        // The square of a difference may wrap to 0, that of its sign does not.
        TfliteTensor one = Ints(1), difference = Subtract(x, number);
        TfliteTensor sign = Binary(BuiltinOperator.Maximum, Binary(BuiltinOperator.Minimum, difference, one), Ints(-1));
        return Subtract(one, Multiply(sign, sign));
    }

    /// <summary>The sizes of a tensor, int32.</summary>
    public TfliteTensor Sizes(TfliteTensor x)
    {
        TfliteTensor sizes = Lowering.Temporary(node, TensorType.Int32, [x.Rank]);
        context.Emit(BuiltinOperator.Shape, [x], [sizes], new ShapeOptions(TensorType.Int32));
        return sizes;
    }

    /// <summary>A constant vector of int32.</summary>
    public TfliteTensor Ints(params ReadOnlySpan<int> numbers) => context.Constant("", Tensor.Vector<int>(numbers.ToArray()));

    /// <summary>Vectors one behind the other.</summary>
    public TfliteTensor Join(TfliteTensor a, TfliteTensor b)
    {
        TfliteTensor result = Lowering.Temporary(node, a.Type, [a.Dims[0] + b.Dims[0]]);
        context.Emit(BuiltinOperator.Concatenation, [a, b], [result], new ConcatenationOptions(0, ActivationFunction.None));
        return result;
    }

    /// <summary>The elements in another type.</summary>
    /// <param name="to">Where to write the result; a new tensor where null.</param>
    public TfliteTensor Cast(TfliteTensor x, TensorType type, TfliteTensor? to = null)
    {
        if (x.Type == type && to is null) return x;
        TfliteTensor result = to ?? Lowering.Temporary(node, type, x.Dims, x.OpenAxis);
        context.Emit(BuiltinOperator.Cast, [x], [result], new CastOptions(x.Type, type));
        return result;
    }

    /// <summary>A constant of one element in the type of a tensor.</summary>
    public TfliteTensor Scalar(float value, TfliteTensor like) =>
        context.Constant(
            $"{node.Label}/constant",
            Casting.To(like.Rank == 0 ? Tensor.Scalar(value) : Tensor.Vector(value), Enum.Parse<ElementType>($"{like.Type}")));

    /// <summary>
    /// Writes an operator on plain numbers; integers that TFLite does not compute with are cast to a wider type, and the result back.
    /// </summary>
    public void EmitWide(
        BuiltinOperator op, ReadOnlySpan<TfliteTensor> inputs, TfliteTensor output, IOperatorOptions? options,
        ReadOnlySpan<TfliteTensor> more = default)
    {
        TensorType? wide = output.Quantization is not null ? null : Wider(output.Type);
        TfliteTensor result = wide is { } type ? Lowering.Temporary(node, type, output.Dims, output.OpenAxis) : output;
        var operands = new List<TfliteTensor?>();
        foreach (TfliteTensor input in inputs) operands.Add(wide is null ? input : Cast(input, wide.Value));
        foreach (TfliteTensor input in more) operands.Add(input);
        context.Emit(op, [.. operands], [result], options);
        if (wide is not null) Cast(result, output.Type, output);
    }

    private static float OfNothing(BuiltinOperator op) => op switch
    {
        BuiltinOperator.Mean => float.NaN,
        BuiltinOperator.ReduceMax => float.NegativeInfinity,
        BuiltinOperator.ReduceMin => float.PositiveInfinity,
        BuiltinOperator.ReduceProd => 1,
        _ => 0,
    };

    // Arithmetic wraps, so the low bits of a wider result are the narrow type's result.
    private static TensorType? Wider(TensorType type) => type switch
    {
        TensorType.Int8 or TensorType.UInt8 or TensorType.Int16 or TensorType.UInt16 or TensorType.Bool => TensorType.Int32,
        TensorType.UInt32 => TensorType.Int64,
        _ => null,
    };
}
