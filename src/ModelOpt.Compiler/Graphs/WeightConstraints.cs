namespace ModelOpt.Compiler.Graphs;

/// <summary>
/// The constraints that techniques put on a weight. A technique does not edit weights for itself: it adds a constraint, and <see
/// cref="Project(Tensor)"/> satisfies all of them, so that none undoes another's work. They may be added in any order.
/// </summary>
/// <param name="Mask">The elements that are zero, or null.</param>
/// <param name="Codebook">The only values that elements may have, or null; with a mask, zero is one of them.</param>
/// <param name="Grid">
/// The integers that elements are stored as, symmetric, one scale per output channel or one for all; or null.
/// </param>
internal sealed record WeightConstraints(Mask? Mask = null, Codebook? Codebook = null, Quantization? Grid = null)
{
    /// <summary>These constraints and a mask.</summary>
    public WeightConstraints With(Mask mask) => (this with { Mask = mask }).Consistent();

    /// <summary>These constraints and a codebook.</summary>
    /// <param name="codebook">The only values that elements may have.</param>
    public WeightConstraints With(Codebook codebook) => (this with { Codebook = codebook }).Consistent();

    /// <summary>These constraints and a grid.</summary>
    /// <param name="grid">The integers that elements are stored as.</param>
    public WeightConstraints With(Quantization grid) => (this with { Grid = grid }).Consistent();

    /// <summary>The nearest value that an element may have.</summary>
    /// <param name="channel">Its <see cref="ChannelOf"/>.</param>
    public float Project(int index, int channel, float value) =>
        Mask is not null && Mask.Zeros[index] ? 0
        : Codebook is not null ? Codebook.Nearest(Codebook.LevelsOf(channel), value)
        : Grid is not null ? QuantizationMath.Round(Grid, channel, value)
        : value;

    /// <summary>The nearest weight that satisfies all constraints.</summary>
    /// <param name="weight">float32.</param>
    public Tensor Project(Tensor weight)
    {
        float[] values = weight.Span<float>().ToArray();
        (int run, int channels) = Runs(weight.Dims);
        for (int i = 0; i < values.Length; i++) values[i] = Project(i, i / run % channels, values[i]);
        return Tensor.Of<float>(weight.Dims, values);
    }

    /// <summary>The output channel of an element, as grid and codebook count them; 0 where they do not.</summary>
    /// <param name="dims">The dims of the weight.</param>
    public int ChannelOf(int element, ReadOnlySpan<int> dims)
    {
        (int run, int channels) = Runs(dims);
        return element / run % channels;
    }

    /// <summary>How many elements in a row have a channel, and how many channels there are.</summary>
    private (int Run, int Channels) Runs(ReadOnlySpan<int> dims)
    {
        if (Grid is { IsPerTensor: false }) return (Math.Max(1, Grid.RunLength(dims)), Grid.Scales.Count);
        int count = 1, channels = Codebook?.Levels.Count ?? 1;
        foreach (int dim in dims) count *= dim;
        return (Math.Max(1, count / channels), channels);
    }

    /// <summary>Zero is a level where there is a mask, and levels lie on the grid; there are never more of them than before.</summary>
    private WeightConstraints Consistent()
    {
        if (Codebook is null) return this;
        List<float[]> levels = [.. Codebook.Levels.Select(l => Mask is null ? l : WithZero(l, Codebook.Clusters))];
        if (Grid is { IsPerTensor: false } && levels.Count == 1) levels = [.. Grid.Scales.Select(_ => levels[0])];
        if (Grid is not null)
        {
            for (int c = 0; c < levels.Count; c++)
                levels[c] = [.. levels[c].Select(l => QuantizationMath.Round(Grid, c, l)).Distinct().Order()];
        }

        return this with { Codebook = Codebook with { Levels = levels } };
    }

    private static float[] WithZero(float[] levels, int clusters)
    {
        if (levels.Contains(0)) return levels;
        // Where there is no room for one more, zero takes the place of the level next to it.
        IEnumerable<float> others = levels.Length < clusters ? levels : levels.OrderBy(MathF.Abs).Skip(1);
        return [.. others.Append(0f).Order()];
    }
}
