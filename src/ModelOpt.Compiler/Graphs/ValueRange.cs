namespace ModelOpt.Compiler.Graphs;

/// <summary>The real numbers that int8 is to cover: <c>s = (max − min) / 255</c>, <c>z = round(−128 − min / s)</c>.</summary>
/// <param name="Min">The smallest, at most 0 for quantization.</param>
/// <param name="Max">The largest, at least 0 for quantization.</param>
internal readonly record struct ValueRange(float Min, float Max)
{
    private const float ScaleOfZero = 1f / (1 << 16);

    /// <summary>How wide it is; 0 for an empty range.</summary>
    public float Width => Max - Min;

    /// <summary>The scale; 0 for an empty range.</summary>
    public float Scale => Width / 255f;

    /// <summary>The zero point, from −128 to 127.</summary>
    public int ZeroPoint =>
        Scale == 0 ? 0 : (int)Math.Clamp(MathF.Round(-128f - (Min / Scale), MidpointRounding.ToEven), -128, 127);

    /// <summary>The range widened to hold zero, so that zero (and padding with it) is exact.</summary>
    public ValueRange WithZero() => new(MathF.Min(Min, 0), MathF.Max(Max, 0));

    /// <summary>The least range that holds both.</summary>
    public ValueRange Union(ValueRange other) => new(MathF.Min(Min, other.Min), MathF.Max(Max, other.Max));

    /// <summary>
    /// The int8 parameters. A value that is always zero gets a fine scale: a layer that reads it computes nothing but its bias, which
    /// lies on the grid of input times weight.
    /// </summary>
    public Quantization ToQuantization() =>
        Scale == 0
            ? Quantization.PerTensor(ElementType.Int8, ScaleOfZero, 0)
            : Quantization.PerTensor(ElementType.Int8, Scale, ZeroPoint);
}
