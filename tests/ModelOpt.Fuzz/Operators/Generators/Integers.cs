namespace ModelOpt.Fuzz.Operators.Generators;

/// <summary>Layers of integers, and what makes integers of floats when a model runs.</summary>
internal static class Integers
{
    /// <summary>DynamicQuantizeLinear.</summary>
    public static void Dynamic(CaseBuilder c)
    {
        int[] dims = Array.ConvertAll(c.Draw.Dims(c.Draw.Rank()), d => Math.Max(1, d));
        double low = c.Draw.Pick(-4d, -1, 0, 2), high = c.Draw.Pick(0d, 1, 5);
        c.Data(c.Draw.Tensor(ElementType.Float32, dims, Math.Min(low, high), Math.Max(low, high))).Outputs(3);
    }

    /// <summary>MatMulInteger.</summary>
    public static void Product(CaseBuilder c)
    {
        (int[] a, int[] b) = Factors(c);
        c.Data(Whole(c, c.Type(), a)).Parameter(Whole(c, c.Type(1), b), 0.02);
        Zeros(c, c.Draw.Chance(0.3) ? [b[^1]] : []);
    }

    /// <summary>QLinearMatMul: one scale of each factor, or one for each column of the second.</summary>
    public static void QuantizedProduct(CaseBuilder c)
    {
        (int[] a, int[] b) = Factors(c);
        int[] columns = c.Draw.Chance(0.3) ? [b[^1]] : [];
        double scale = 0.01;
        (ElementType data, ElementType weight, ElementType result) = Types(c);
        c.Data(Whole(c, data, a));
        Grid(c, scale, [], data);
        c.Parameter(Whole(c, weight, b), 0.02);
        Grid(c, scale, columns, weight);
        Grid(c, scale * Math.Sqrt(a[^1]), [], result);
    }

    /// <summary>ConvInteger.</summary>
    public static void Convolution(CaseBuilder c)
    {
        (int[] x, int[] w) = Images(c);
        c.Data(Whole(c, c.Type(), x)).Parameter(Whole(c, c.Type(1), w), 0.02);
        Zeros(c, []);
    }

    /// <summary>QLinearConv: one scale of the weight, or one for each filter; all have one zero point.</summary>
    public static void QuantizedConvolution(CaseBuilder c)
    {
        (int[] x, int[] w) = Images(c);
        int[] filters = c.Draw.Chance(0.4) ? [w[0]] : [];
        (ElementType data, ElementType weight, ElementType result) = Types(c);
        c.Data(Whole(c, data, x));
        Grid(c, 0.01, [], data);
        c.Parameter(Whole(c, weight, w), 0.02);
        Grid(c, 0.01, filters, weight, hasOneZero: true);
        Grid(c, 0.01 * Math.Sqrt(w[1..].Aggregate(1, (n, d) => n * d)), [], result);
        if (c.Draw.Chance(0.5)) c.Parameter(c.Draw.Tensor(ElementType.Int32, [w[0]], -2000, 2000), 0);
    }

    /// <summary>QGemm: integers, or floats where the output has no scale.</summary>
    public static void Gemm(CaseBuilder c)
    {
        int m = c.Draw.Int(1, 6), n = c.Draw.Int(1, 6), k = c.Draw.Int(1, 40);
        bool transA = c.Draw.Chance(0.2), transB = c.Draw.Chance(0.5);
        c.With("transA", transA ? 1 : 0).With("transB", transB ? 1 : 0).Perhaps("alpha", c.Draw.Real(0.5, 2));
        (ElementType data, ElementType weight, ElementType result) = Types(c);
        c.Data(Whole(c, data, transA ? [k, m] : [m, k]));
        Grid(c, 0.01, [], data);
        c.Parameter(Whole(c, weight, transB ? [n, k] : [k, n]), 0);
        Grid(c, 0.01, c.Draw.Chance(0.3) ? [n] : [], weight);
        bool hasBias = c.Draw.Chance(0.6), isWhole = c.Draw.Chance(0.7);
        if (hasBias) c.Parameter(c.Draw.Tensor(ElementType.Int32, c.Draw.Pick<int[]>([n], [1, n], [m, n]), -2000, 2000), 0);
        else if (isWhole) c.Omit();
        if (!isWhole) return;
        if (c.Draw.Chance(0.9)) Grid(c, 0.01 * Math.Sqrt(k), [], result);
        else c.Parameter(Scales(c, ElementType.Float32, 0.05, []), 0).Omit();
    }

    /// <summary>QLinearAdd and QLinearMul, broadcast.</summary>
    public static void Pair(CaseBuilder c)
    {
        int[] dims = c.Draw.Dims(c.Draw.Rank());
        c.Data(Whole(c, c.Type(), dims));
        Grid(c, 0.03, []);
        c.Data(Whole(c, c.Type(), c.Draw.Broadcast(dims)));
        Grid(c, 0.03, []);
        Grid(c, 0.06, []);
    }

    /// <summary>QLinearSigmoid and QLinearLeakyRelu.</summary>
    public static void Function(CaseBuilder c)
    {
        c.Perhaps("alpha", c.Draw.Real(-1, 1));
        c.Data(Whole(c, c.Type(), c.Draw.Dims(c.Draw.Rank())));
        Grid(c, 0.03, []);
        Grid(c, c.Schema.HasAttribute("alpha") ? 0.03 : 1.0 / 256, []);
    }

    /// <summary>QLinearSoftmax over the last axis, or any of those that opset 13 lets it be.</summary>
    public static void Softmax(CaseBuilder c)
    {
        int[] dims = [.. c.Draw.Dims(c.Draw.Rank(1)).Select(d => Math.Max(1, d))];
        bool isOld = c.Draw.Chance(0.3);
        c.With("opset", isOld ? 11 : 13);
        int axis = isOld || c.Draw.Chance(0.5) ? dims.Length - 1 : c.Draw.Int(0, dims.Length - 1);
        c.With("axis", isOld ? axis : c.Draw.Axis(axis, dims.Length));
        c.Data(Whole(c, c.Type(), dims));
        Grid(c, 0.03, []);
        // ONNX Runtime takes so many steps to 1 as fit in whole, and what is above the ends of int8 comes out at the other one.
        bool isSigned = c.Type() == ElementType.Int8;
        int steps = isSigned ? c.Draw.Int(100, 255) : c.Draw.Int(100, 400);
        // Its largest numerator is e⁻⁵ of what float32 holds, divided by their number, and times the steps it may overflow.
        c.Disputed(steps > 148 * dims[axis]);
        c.Parameter(Tensor.Scalar(MathF.BitDecrement(1f / steps)), 0);
        c.Parameter(isSigned ? Tensor.Scalar((sbyte)(127 - steps - c.Draw.Int(0, 255 - steps))) : Whole(c, ElementType.UInt8, []), 0);
    }

    /// <summary>QLinearAveragePool; the channels may be the last axis.</summary>
    public static void Pool(CaseBuilder c)
    {
        Windows.Window window = Windows.Attributes(c);
        bool isLast = c.Draw.Chance(0.3), isCeiled = c.Draw.Chance(0.3), countsPads = c.Draw.Chance(0.3);
        c.With("kernel_shape", Windows.Longs(window.Kernel)).With("ceil_mode", isCeiled ? 1 : 0);
        c.With("count_include_pad", countsPads ? 1 : 0).With("channels_last", isLast ? 1 : 0);
        int channels = c.Draw.Int(1, 5);
        c.Data(Whole(c, c.Type(), isLast ? [1, .. window.Sizes, channels] : [1, channels, .. window.Sizes]));
        c.Disputed(window.IsSame && window.Kernel.Where((k, i) => window.Strides[i] > k).Any());
        // Of windows that reach beyond the pads, ONNX Runtime counts what is there here, and in its pools of floats does not.
        c.Disputed(isCeiled && countsPads);
        c.Disputed(window.MaySeeNothing);
        Grid(c, 0.03, []);
        Grid(c, 0.02, []);
    }

    /// <summary>QLinearGlobalAveragePool.</summary>
    public static void GlobalPool(CaseBuilder c)
    {
        int[] dims = [.. c.Draw.Dims(c.Draw.Int(3, 5)).Select(d => Math.Max(1, d))];
        c.With("channels_last", c.Draw.Chance(0.3) ? 1 : 0).Data(Whole(c, c.Type(), dims));
        Grid(c, 0.03, []);
        Grid(c, 0.02, []);
    }

    /// <summary>QLinearConcat.</summary>
    public static void Concat(CaseBuilder c)
    {
        int[] dims = c.Draw.Dims(c.Draw.Rank(1));
        int axis = c.Draw.Int(0, dims.Length - 1), count = c.Draw.Int(1, 4);
        ElementType type = c.Type(1);
        c.With("axis", c.Draw.Axis(axis, dims.Length));
        Grid(c, 0.03, [], type);
        for (int i = 0; i < count; i++)
        {
            int[] part = [.. dims];
            part[axis] = c.Draw.Size();
            c.Data(Whole(c, type, part));
            Grid(c, 0.03, [], type);
        }
    }

    /// <summary>MatMulIntegerToFloat.</summary>
    public static void ProductOfFloats(CaseBuilder c)
    {
        (int[] a, int[] b) = Factors(c);
        int[] columns = c.Draw.Chance(0.4) ? [b[^1]] : [];
        c.Data(Whole(c, c.Type(), a)).Parameter(Whole(c, c.Type(1), b), 0);
        c.Parameter(Scales(c, c.Type(2), 0.01, []), 0).Parameter(Scales(c, c.Type(2), 0.01, columns), 0);
        if (c.Draw.Chance(0.8)) c.Parameter(Whole(c, c.Type(), []), 0);
        else c.Omit();
        if (c.Draw.Chance(0.8)) c.Parameter(Whole(c, c.Type(1), columns), 0);
        else c.Omit();
        if (c.Draw.Chance(0.4)) c.Parameter(c.Draw.Tensor(c.Type(2), [b[^1]]));
    }

    /// <summary>DynamicQuantizeMatMul, which the project computes without rounding its input.</summary>
    public static void DynamicProduct(CaseBuilder c)
    {
        (int[] a, int[] b) = Factors(c);
        int[] columns = c.Draw.Chance(0.4) ? [b[^1]] : [];
        Tensor x = c.Draw.Tensor(ElementType.Float32, a), w = Whole(c, c.Type(1), b),
            scales = Scales(c, ElementType.Float32, 0.01, columns);
        Tensor? zeros = c.Draw.Chance(0.7) ? Whole(c, c.Type(1), columns) : null;
        c.Data(x).Parameter(w, 0).Parameter(scales, 0);
        if (zeros is not null) c.Parameter(zeros, 0);
        else c.Omit();
        if (c.Draw.Chance(0.4)) c.Parameter(c.Draw.Tensor(ElementType.Float32, [b[^1]]));
        // Each element is rounded by half a step of the range of all, and its zero point by as much.
        float low = 0, high = 0;
        foreach (float element in x.Span<float>()) (low, high) = (Math.Min(low, element), Math.Max(high, element));
        c.Slack((high - low) / 255 * LargestColumn(w, zeros, scales));
    }

    /// <summary>MatMulNBits: blocks of 2, 4 or 8 bits.</summary>
    public static void Blocks(CaseBuilder c)
    {
        int k = c.Draw.Int(1, 70), n = c.Draw.Int(1, 6), bits = c.Draw.Pick(4, 4, 8, 2), size = c.Draw.Pick(16, 32, 64);
        int blocks = (k + size - 1) / size, blob = size * bits / 8;
        c.With("K", k).With("N", n).With("block_size", size).Perhaps("accuracy_level", 1);
        if (bits != 4 || c.Draw.Chance(0.5)) c.With("bits", bits);
        c.Data(c.Draw.Chance(0.3) ? [2, 3, k] : [c.Draw.Int(1, 5), k]);
        c.Parameter(c.Draw.Wild(ElementType.UInt8, [n, blocks, blob]), 0);
        c.Parameter(Scales(c, c.Type(), 0.05, [n * blocks]), 0);
        if (c.Draw.Chance(0.6)) c.Parameter(c.Draw.Wild(ElementType.UInt8, [n * (((blocks * bits) + 7) / 8)]), 0);
        else c.Omit();
        c.Omit();
        if (c.Draw.Chance(0.3)) c.Parameter(c.Draw.Tensor(c.Type(), [n]));
    }

    /// <summary>MatMulBnb4: 4 bits that stand for numbers of a table.</summary>
    public static void Tables(CaseBuilder c)
    {
        int k = 2 * c.Draw.Int(1, 35), n = c.Draw.Int(1, 6), size = c.Draw.Pick(16, 32, 64);
        c.With("K", k).With("N", n).With("block_size", size).With("quant_type", c.Draw.Int(0, 1));
        c.Data(c.Draw.Chance(0.3) ? [2, 3, k] : [c.Draw.Int(1, 5), k]);
        c.Parameter(c.Draw.Wild(ElementType.UInt8, [n * k / 2]), 0);
        c.Parameter(Scales(c, c.Type(), 0.5, [((n * k) + size - 1) / size]), 0);
    }

    /// <summary>The shapes of two factors; sums are long now and then.</summary>
    private static (int[] A, int[] B) Factors(CaseBuilder c)
    {
        int m = c.Draw.Int(1, 6), n = c.Draw.Int(1, 6), k = c.Draw.Chance(0.1) ? c.Draw.Int(300, 2000) : c.Draw.Int(1, 40);
        return (c.Draw.Chance(0.3) ? [2, m, k] : [m, k], [k, n]);
    }

    private static (int[] X, int[] W) Images(CaseBuilder c)
    {
        Windows.Window window = Windows.Attributes(c);
        (int group, int channels, int filters) = Windows.Channels(c);
        c.Perhaps("kernel_shape", Windows.Longs(window.Kernel));
        return ([c.Draw.Int(1, 2), channels, .. window.Sizes], [filters, channels / group, .. window.Kernel]);
    }

    /// <summary>The types of data, weight and result; mostly those that ONNX Runtime has kernels for.</summary>
    private static (ElementType Data, ElementType Weight, ElementType Result) Types(CaseBuilder c)
    {
        if (c.Draw.Chance(0.05))
            return (c.Type(), c.Type(3), c.Type(c.Schema.Operator.EndsWith("QGemm", StringComparison.Ordinal) ? 8 : 7));
        ElementType data = c.Draw.Pick(ElementType.UInt8, ElementType.Int8);
        return (data, data == ElementType.Int8 ? data : c.Draw.Pick(ElementType.UInt8, ElementType.Int8), data);
    }

    private static double LargestColumn(Tensor weight, Tensor? zeros, Tensor scales)
    {
        int[] w = Numbers(weight), z = zeros is null ? [0] : Numbers(zeros);
        int columns = weight.Dims[^1];
        double largest = 0;
        for (int column = 0; column < columns; column++)
        {
            double sum = 0;
            for (int i = column; i < w.Length; i += columns) sum += Math.Abs(w[i] - z[z.Length == 1 ? 0 : column]);
            largest = Math.Max(largest, sum * scales.Span<float>()[scales.Count == 1 ? 0 : column]);
        }

        return largest;

        static int[] Numbers(Tensor tensor) => Casting.To(tensor, ElementType.Int32).Span<int>().ToArray();
    }

    /// <summary>Adds scale and zero point, the latter of the type that the schema gives it.</summary>
    internal static void Grid(CaseBuilder c, double scale, int[] shape, ElementType? type = null, bool hasOneZero = false)
    {
        int at = c.InputCount;
        ValueSchema zero = c.Schema.Inputs[Math.Min(at + 1, c.Schema.Inputs.Count - 1)];
        ElementType stored = type ?? c.Type(at + 1);
        c.Parameter(Scales(c, c.Schema.Inputs[Math.Min(at, c.Schema.Inputs.Count - 1)].Types.Contains("float16", StringComparison.Ordinal)
            ? c.Type(at) : ElementType.Float32, scale, shape), 0);
        if (type is null && zero.Optional && c.Draw.Chance(0.1)) c.Omit();
        else if (hasOneZero && shape.Length > 0) c.Parameter(Repeated(Whole(c, stored, []), shape), 0);
        else c.Parameter(Whole(c, stored, shape), 0);
    }

    internal static Tensor Scales(CaseBuilder c, ElementType type, double scale, int[] shape) =>
        c.Draw.Reals(type, shape, scale / 2, scale * 3 / 2);

    private static Tensor Repeated(Tensor one, int[] shape)
    {
        Tensor result = Tensor.Zeros(one.Type, shape);
        result.Bytes.Span.Fill(one.Bytes.Span[0]);
        return result;
    }

    private static void Zeros(CaseBuilder c, int[] shape)
    {
        if (c.Draw.Chance(0.2)) return;
        c.Parameter(Whole(c, c.Type(), []), 0);
        if (c.Draw.Chance(0.8)) c.Parameter(Whole(c, c.Type(1), shape), 0);
    }

    /// <summary>Integers of all that a type of 8 bits holds.</summary>
    internal static Tensor Whole(CaseBuilder c, ElementType type, int[] dims) =>
        c.Draw.Tensor(type, dims, type == ElementType.Int8 ? -128 : 0, type == ElementType.Int8 ? 127 : 255);
}
