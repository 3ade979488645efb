using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.MatrixProducts;
using ModelOpt.Compiler.Operators.Normalization;
using ModelOpt.Compiler.Operators.Quantize;

namespace ModelOpt.Fuzz.Operators.Generators;

/// <summary>Products of matrices, and normalizations.</summary>
internal static class Products
{
    /// <summary>NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss.</summary>
    public static void Loss(CaseBuilder c)
    {
        int batch = c.Draw.Int(1, 4), classes = c.Draw.Int(1, 5);
        int[] rest = [.. Enumerable.Range(0, c.Draw.Int(0, 2)).Select(_ => c.Draw.Int(1, 4))];
        c.Perhaps("reduction", c.Draw.Pick("none", "mean", "sum"));
        bool ignores = c.Draw.Chance(0.4);
        if (ignores) c.With("ignore_index", c.Draw.Int(0, classes - 1));
        c.Data([batch, classes, .. rest]).Data(c.Draw.Tensor(c.Type(1), [batch, .. rest], 0, classes - 1));
        // With nothing but what is ignored, a mean is of nothing.
        c.Disputed(ignores);
        if (c.Draw.Chance(0.5)) c.Data(c.Draw.Reals(c.Type(), [classes], 0.25, 2));
    }

    /// <summary>Gemm: every combination of transposing, factors, and what C is broadcast from.</summary>
    public static void Gemm(CaseBuilder c)
    {
        int m = c.Draw.Size(), n = c.Draw.Size(), k = c.Draw.Size();
        // ONNX Runtime leaves beta out where there is nothing to sum.
        c.Disputed(k == 0);
        bool transA = c.Draw.Chance(0.3), transB = c.Draw.Chance(0.5);
        c.Perhaps("transA", 0).Perhaps("transB", 0);
        if (transA) c.With("transA", 1);
        if (transB) c.With("transB", 1);
        bool isWhole = !c.Type().IsFloat();
        if (c.Draw.Chance(0.3)) c.With("alpha", isWhole ? 2f : c.Draw.Real(-2, 2));
        if (c.Draw.Chance(0.3)) c.With("beta", isWhole ? 3f : c.Draw.Real(-2, 2));
        c.Data(transA ? [k, m] : [m, k]).Parameter(c.Draw.Tensor(c.Type(), transB ? [n, k] : [k, n]), 0.3);
        if (!c.Schema.Inputs[2].Optional || c.Draw.Chance(0.7))
            c.Parameter(c.Draw.Tensor(c.Type(), c.Draw.Chance(0.5) ? [n] : c.Draw.Broadcast([m, n])), 0.2);
    }

    /// <summary>MatMul of any ranks, the leading axes broadcast.</summary>
    public static void MatMul(CaseBuilder c)
    {
        int m = c.Draw.Size(), n = c.Draw.Size(), k = c.Draw.Size();
        // ONNX Runtime leaves the result as its memory was where there is nothing to sum.
        c.Disputed(k == 0);
        int[] batch = c.Draw.Dims(c.Draw.Pick(0, 0, 0, 1, 1, 2, 3));
        int[] a = [.. c.Draw.Broadcast(batch), m, k], b = [.. c.Draw.Broadcast(batch), k, n];
        if (c.Draw.Chance(0.1)) a = [k];
        if (c.Draw.Chance(0.1)) b = [k];
        c.Data(a).Parameter(c.Draw.Tensor(c.Type(), b), 0.4);
    }

    /// <summary>BatchNormalization, nearly always as inference has it.</summary>
    public static void BatchNormalization(CaseBuilder c)
    {
        int[] dims = c.Draw.Dims(c.Draw.Rank(1, 5));
        int channels = dims.Length > 1 ? dims[1] : 1;
        c.Perhaps("epsilon", c.Draw.Pick(1e-5f, 1e-3f, 0.1f)).Perhaps("momentum", 0.9f).Perhaps("spatial", 1);
        if (c.Draw.Chance(0.005)) c.With("training_mode", 1).Outputs(c.Schema.HasAttribute("training_mode") ? 3 : 1);
        if (c.Draw.Chance(0.005)) c.With("spatial", 0);
        c.Data(dims);
        for (int i = 1; i < 5; i++) c.Parameter(c.Draw.Tensor(c.Type(i), [channels], i == 4 ? 0.1 : -2, 2));
    }

    /// <summary>LayerNormalization; its mean and deviation are rarely asked for.</summary>
    public static void LayerNormalization(CaseBuilder c)
    {
        int[] dims = c.Draw.Dims(c.Draw.Rank(1, 5));
        int axis = c.Draw.Chance(0.6) ? dims.Length - 1 : c.Draw.Int(0, dims.Length - 1);
        for (int i = axis; i < dims.Length; i++) dims[i] = Math.Max(1, dims[i]);
        if (axis != dims.Length - 1 || c.Draw.Chance(0.5)) c.With("axis", c.Draw.Axis(axis, dims.Length));
        c.Perhaps("epsilon", c.Draw.Pick(1e-5f, 1e-3f, 0.1f)).Perhaps("stash_type", 1);
        c.Data(dims).Parameter(c.Draw.Tensor(c.Type(), dims[axis..]), 0.2);
        if (c.Draw.Chance(0.7)) c.Parameter(c.Draw.Tensor(c.Type(), dims[axis..]), 0.2);
        if (c.Draw.Chance(0.01)) c.Outputs(c.Draw.Int(2, 3));
    }

    /// <summary>InstanceNormalization.</summary>
    public static void InstanceNormalization(CaseBuilder c)
    {
        int[] dims = c.Draw.Dims(c.Draw.Rank(3, 5));
        for (int i = 1; i < dims.Length; i++) dims[i] = Math.Max(1, dims[i]);
        c.Perhaps("epsilon", c.Draw.Pick(1e-5f, 1e-3f, 0.1f));
        Tensor factors = c.Draw.Tensor(c.Type(), [dims[1]]);
        if (dims[2..].Aggregate(1, (n, d) => n * d) < 8) c.Slack(Normalizations.OfEqualElements(factors));
        c.Data(dims).Parameter(factors, 0.2).Parameter(c.Draw.Tensor(c.Type(), [dims[1]]), 0.2);
    }

    /// <summary>MeanVarianceNormalization.</summary>
    public static void MeanVarianceNormalization(CaseBuilder c)
    {
        int[] dims = [.. c.Draw.Dims(c.Draw.Rank(4, 4)).Select(d => Math.Max(1, d))];
        long[] axes = c.Draw.Axes(dims.Length, 1, c.Opset >= 11);
        bool isNamed = c.Draw.Chance(0.5);
        if (isNamed) c.With("axes", axes);
        // The deviation of equal elements, as one or a few whole ones are, is 0, of which ONNX Runtime makes no number.
        c.Disputed((isNamed ? axes : [0, 2, 3]).Aggregate(1, (count, a) => count * dims[(a + dims.Length) % dims.Length]) < 5);
        c.Data(dims);
    }

    /// <summary>Softmax.</summary>
    public static void Softmax(CaseBuilder c)
    {
        int[] dims = c.Draw.Dims(c.Draw.Rank());
        if (dims.Length > 0) c.Perhaps("axis", c.Draw.Axis(c.Draw.Int(0, dims.Length - 1), dims.Length, c.Opset >= 11));
        c.Data(dims, -20, 20);
    }

    /// <summary>Reductions: axes as an attribute or as an input, none, some or all.</summary>
    public static void Reduction(CaseBuilder c)
    {
        int[] dims = c.Draw.Dims(c.Draw.Rank());
        c.Perhaps("keepdims", c.Draw.Int(0, 1));
        if (c.Draw.Chance(0.1)) c.With("noop_with_empty_axes", c.Draw.Int(0, 1));
        (double low, double high) = Range(c);
        c.Data(dims, low, high);
        // ONNX Runtime sums powers of integers as integers, and what it makes of their logarithm follows no definition.
        c.Disputed(c.Schema.Operator == "ReduceLogSumExp" && !c.Type().IsFloat());
        // ONNX Runtime reduces empty tensors to other shapes than NumPy.
        c.Disputed(dims.Contains(0));
        if (c.Draw.Chance(0.2)) return;
        c.Numbers("axes", c.Draw.Axes(dims.Length, c.Draw.Chance(0.1) ? 0 : 1, c.Opset >= 11), 1);
    }

    /// <summary>
    /// What a reduction is drawn of. The product of many large numbers leaves the range of any type, and C++ leaves open what becomes of
    /// integers then; so it does for an integer that should be the logarithm of nothing or less.
    /// </summary>
    private static (double Low, double High) Range(CaseBuilder c) => c.Schema.Operator switch
    {
        "ReduceProd" => c.Type().IsFloat() ? (-1.3, 1.3) : (-1, 1),
        // Nothing is less than the 0 that there would be mostly.
        "ReduceMin" when c.Type() is ElementType.UInt8 or ElementType.UInt32 or ElementType.UInt64 => (9, 20),
        // Their sums stay within float16.
        "ReduceSumSquare" => (-8, 8),
        "ReduceLogSum" when !c.Type().IsFloat() => (1, 20),
        _ => (-20, 20),
    };

    /// <summary>QuantizeLinear: one scale, or one for each index of an axis, rarely for each block.</summary>
    public static void Quantize(CaseBuilder c)
    {
        ElementType integer = c.Schema.Inputs.Count > 2 ? c.Type(2) : ElementType.UInt8;
        Grid(c, c.Draw.Tensor(c.Type(), c.Draw.Dims(c.Draw.Rank()), -40, 40), integer);
    }

    /// <summary>DequantizeLinear.</summary>
    public static void Dequantize(CaseBuilder c)
    {
        ElementType integer = c.Type();
        Grid(c, c.Draw.Tensor(integer, c.Draw.Dims(c.Draw.Rank()), -100, 100), integer);
    }

    private static void Grid(CaseBuilder c, Tensor data, ElementType integer)
    {
        int rank = data.Rank, axis = rank == 0 ? 0 : c.Draw.Int(0, rank - 1);
        bool perAxis = rank > 0 && c.Schema.HasAttribute("axis") && c.Draw.Chance(0.4);
        int[] shape = perAxis ? [data.Dims[axis]] : c.Draw.Chance(0.8) ? [] : [1];
        if (perAxis && c.Schema.HasAttribute("block_size") && c.Draw.Chance(0.02))
        {
            shape = data.Dims.ToArray();
            c.With("block_size", 1);
        }

        if (perAxis && (axis != 1 || c.Draw.Chance(0.5))) c.With("axis", c.Draw.Axis(axis, rank));
        c.Data(data);
        c.Parameter(WithoutZeros(c.Draw.Tensor(c.Type(1), shape, 0.05, 2)));
        bool hasZero = integer != ElementType.Int32 && c.Draw.Chance(0.8);
        if (hasZero || (c.Schema.Operator == "QuantizeLinear" && integer != ElementType.UInt8 && !c.Schema.HasAttribute("output_dtype")))
            c.Parameter(c.Draw.Tensor(integer, shape, -20, 20));
        else if (c.Schema.Operator == "QuantizeLinear") c.With("output_dtype", (long)integer);
    }

    /// <summary>Scales are not 0: what is divided by it, C++ leaves open.</summary>
    private static Tensor WithoutZeros(Tensor scales)
    {
        Tensor reals = Casting.To(scales, ElementType.Float64);
        foreach (ref double scale in reals.Span<double>()) scale = scale == 0 ? 1 : scale;
        return Casting.To(reals, scales.Type);
    }
}
