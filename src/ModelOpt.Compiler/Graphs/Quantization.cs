namespace ModelOpt.Compiler.Graphs;

/// <summary>
/// How a float value is stored as integers: <c>real = scale · (q − zeroPoint)</c>, per tensor or per slice along an axis.
/// An annotation on a <see cref="Value"/>: the value itself stays float in the graph, rounded to this grid.
/// </summary>
/// <param name="Type">The stored integers: int8, uint8, int16 or int32.</param>
/// <param name="Scales">One scale, or one per slice along <paramref name="Axis"/>; positive.</param>
/// <param name="ZeroPoints">As many zero points as scales.</param>
/// <param name="Axis">The axis of the slices, or -1 for per-tensor.</param>
internal sealed record Quantization(
    ElementType Type, IReadOnlyList<float> Scales, IReadOnlyList<int> ZeroPoints, int Axis = -1)
{
    /// <summary>Whether one scale serves the whole tensor.</summary>
    public bool IsPerTensor => Axis < 0;

    /// <summary>The only scale of a per-tensor quantization.</summary>
    public float Scale => Scales[0];

    /// <summary>The only zero point of a per-tensor quantization.</summary>
    public int ZeroPoint => ZeroPoints[0];

    /// <summary>How many elements of a tensor in a row share a scale.</summary>
    public int RunLength(ReadOnlySpan<int> dims)
    {
        int run = 1;
        foreach (int dim in IsPerTensor ? dims : dims[(Axis + 1)..]) run *= dim;
        return run;
    }

    /// <summary>The scale of an element.</summary>
    /// <param name="runLength">The tensor's <see cref="RunLength"/>.</param>
    public float ScaleOf(int element, int runLength) => IsPerTensor ? Scale : Scales[element / runLength % Scales.Count];

    /// <summary>A per-tensor quantization.</summary>
    public static Quantization PerTensor(ElementType type, float scale, int zeroPoint) => new(type, [scale], [zeroPoint]);

    public bool Equals(Quantization? other) =>
        other is not null && Type == other.Type && Axis == other.Axis
        && Scales.SequenceEqual(other.Scales) && ZeroPoints.SequenceEqual(other.ZeroPoints);

    public override int GetHashCode() => HashCode.Combine(Type, Axis, Scales.Count, Scale, ZeroPoint);
}
