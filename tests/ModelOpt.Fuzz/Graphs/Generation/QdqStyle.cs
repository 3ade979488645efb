using ModelOpt.Fuzz.Graphs.Checks;

namespace ModelOpt.Fuzz.Graphs.Generation;

/// <summary>How a tool quantizes: what it rounds, to which grids, and where it puts pairs.</summary>
internal sealed record QdqStyle
{
    /// <summary>The types of activations; one for each value, at random.</summary>
    public required ElementType[] ActivationTypes { get; init; }

    public required ElementType WeightType { get; init; }

    /// <summary>Whether weights have zero points.</summary>
    public required bool AsymmetricWeights { get; init; }

    /// <summary>Whether activations have zero points.</summary>
    public required bool SymmetricActivations { get; init; }

    /// <summary>The share of values that are rounded.</summary>
    public required double Share { get; init; }

    /// <summary>The share of layers whose weights have a scale for each output channel.</summary>
    public required double PerChannel { get; init; }

    /// <summary>How often what a mover gives is on the grid of what it takes.</summary>
    public required double SameBehindMovers { get; init; }

    /// <summary>How often each reader has a pair of its own.</summary>
    public double OwnPairs { get; init; }

    /// <summary>How often each reader has a DequantizeLinear of its own.</summary>
    public double OwnRestores { get; init; }

    /// <summary>How often a reader reads what is not rounded.</summary>
    public double Unrounded { get; init; }

    /// <summary>How often biases stay float.</summary>
    public double FloatBias { get; init; }

    /// <summary>How often an integer bias is on the grid of the layer's sums.</summary>
    public double FollowingBias { get; init; } = 1;

    /// <summary>A style: ONNX Runtime's, or one that differs.</summary>
    /// <param name="opset">The model's opset; 16 bits came with 21.</param>
    public static QdqStyle Random(Random random, int opset)
    {
        bool isOrt = random.NextDouble() < 0.4;
        ElementType[][] types = opset >= 21 && random.Next(3) == 0
            ? [[ElementType.Int16], [ElementType.UInt16], [ElementType.UInt8, ElementType.Int16]]
            : [[ElementType.UInt8], [ElementType.Int8], [ElementType.UInt8, ElementType.Int8]];
        ElementType[] activations = types[random.Next(isOrt ? 2 : 3)];
        ElementType weights = random.Next(3) == 0 ? ElementType.UInt8 : ElementType.Int8;
        return new QdqStyle
        {
            ActivationTypes = activations,
            WeightType = weights,
            AsymmetricWeights = weights == ElementType.UInt8 || (!isOrt && random.Next(3) == 0),
            SymmetricActivations = random.Next(4) == 0,
            Share = isOrt ? 1 : 0.6 + (0.4 * random.NextDouble()),
            PerChannel = random.Next(3) / 2.0,
            SameBehindMovers = isOrt ? 1 : random.Next(3) / 2.0,
            OwnPairs = isOrt ? 0 : 0.1,
            OwnRestores = isOrt ? 0 : 0.3,
            Unrounded = isOrt ? 0 : 0.05,
            FloatBias = isOrt ? 0 : random.Next(3) / 2.0,
            FollowingBias = isOrt ? 1 : random.Next(3) / 2.0,
        };
    }

    /// <summary>A grid of this style that covers a range.</summary>
    public Grid GridOf(float low, float high, Random random)
    {
        ElementType type = ActivationTypes[random.Next(ActivationTypes.Length)];
        Grid full = Grid.Of(type, 1, 0);
        if (SymmetricActivations)
        {
            int middle = full.Min < 0 ? 0 : (full.Max + 1) / 2;
            return Grid.Of(type, Positive(Math.Max(-low, high) / (full.Max - middle)), middle);
        }

        float scale = Positive((high - low) / (full.Max - full.Min));
        return Grid.Of(type, scale, (int)Math.Clamp(Math.Round(full.Min - (low / scale)), full.Min, full.Max));
    }

    /// <summary>A grid's zero point in the type of its integers.</summary>
    public Tensor ZeroPoint(Grid grid) => Casting.To(Tensor.Scalar(grid.ZeroPoint), TypeOf(grid));

    // A value that is always zero has some scale, too.
    private static float Positive(float scale) => scale > 1e-8f ? scale : 1;

    private static ElementType TypeOf(Grid grid) => grid.Max switch
    {
        sbyte.MaxValue => ElementType.Int8,
        byte.MaxValue => ElementType.UInt8,
        short.MaxValue => ElementType.Int16,
        _ => ElementType.UInt16,
    };
}

/// <summary>A constant as integers.</summary>
/// <param name="Scales">One scale, or one for each slice.</param>
/// <param name="ZeroPoints">The zero points, in the integers' type.</param>
internal sealed record StoredWeight(Tensor Integers, float[] Scales, Tensor ZeroPoints)
{
    /// <summary>Rounds a constant.</summary>
    /// <param name="weight">The constant, in float.</param>
    /// <param name="axis">The axis along which slices have scales of their own, or -1.</param>
    public static StoredWeight Of(Tensor weight, int axis, ElementType type, bool asymmetric, Random random)
    {
        ReadOnlySpan<float> values = weight.Span<float>();
        int slices = axis < 0 ? 1 : weight.Dims[axis], inner = 1;
        for (int i = axis + 1; axis >= 0 && i < weight.Rank; i++) inner *= weight.Dims[i];
        float[] low = new float[slices], high = new float[slices];
        for (int i = 0; i < values.Length; i++)
        {
            int slice = axis < 0 ? 0 : i / inner % slices;
            (low[slice], high[slice]) = (Math.Min(low[slice], values[i]), Math.Max(high[slice], values[i]));
        }

        Grid full = Grid.Of(type, 1, 0);
        int[] zeros = new int[slices];
        float[] scales = new float[slices];
        for (int s = 0; s < slices; s++)
        {
            float most = Math.Max(-low[s], high[s]), clip = (float)(0.95 + (0.1 * random.NextDouble()));
            scales[s] = Math.Max(1e-6f, (asymmetric ? (high[s] - low[s]) / (full.Max - full.Min) : most / 127) * clip);
            zeros[s] = asymmetric ? (int)Math.Clamp(Math.Round(full.Min - (low[s] / scales[s])), full.Min, full.Max) : 0;
        }

        Tensor integers = Tensor.Zeros(ElementType.Int32, weight.Dims);
        for (int i = 0; i < values.Length; i++)
        {
            int slice = axis < 0 ? 0 : i / inner % slices;
            integers.Span<int>()[i] = Grid.Of(type, scales[slice], zeros[slice]).Quantize(values[i]);
        }

        Tensor points = axis < 0 ? Tensor.Scalar(zeros[0]) : Tensor.Vector<int>(zeros);
        return new StoredWeight(Casting.To(integers, type), scales, Casting.To(points, type));
    }
}
