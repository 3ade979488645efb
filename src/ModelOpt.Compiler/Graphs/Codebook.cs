namespace ModelOpt.Compiler.Graphs;

/// <summary>The only values that the elements of a weight may have.</summary>
/// <param name="Clusters">Largest number of values, zero included, in the emitted file.</param>
/// <param name="Scope">
/// <see cref="ClusterScope.Tensor"/>: so many in the whole weight, counted in integers where every output channel has a scale
/// of its own. <see cref="ClusterScope.Channel"/>: so many in each output channel.
/// </param>
/// <param name="Levels">The values in ascending order, for each output channel, or once for all of them.</param>
internal sealed record Codebook(int Clusters, ClusterScope Scope, IReadOnlyList<float[]> Levels)
{
    /// <summary>The values of an output channel.</summary>
    public float[] LevelsOf(int channel) => Levels[Levels.Count == 1 ? 0 : channel];

    /// <summary>The nearest of the values in ascending order; the smaller in magnitude of two that are equally near.</summary>
    public static float Nearest(ReadOnlySpan<float> levels, float value)
    {
        int above = levels.BinarySearch(value);
        if (above >= 0) return levels[above];
        above = ~above;
        if (above == 0) return levels[0];
        if (above == levels.Length) return levels[^1];
        float low = levels[above - 1], high = levels[above];
        double down = (double)value - low, up = (double)high - value;
        return down == up ? (MathF.Abs(low) <= MathF.Abs(high) ? low : high) : down < up ? low : high;
    }
}
