namespace ModelOpt.Compiler.Techniques.Clustering;

/// <summary>
/// Numbers with weights in ascending order, equal ones made one, with running sums: the weight, mean and squared error of
/// any run of them take constant time. Clusters of numbers are such runs.
/// </summary>
internal sealed class WeightedPoints
{
    private readonly double[] values;
    private readonly double[] mass;
    private readonly double[] moment;
    private readonly double[] square;

    /// <summary>Sorts points.</summary>
    /// <param name="values">The numbers, finite.</param>
    /// <param name="weights">The weight of each, not negative; points of no weight are left out. Empty: 1 each.</param>
    public WeightedPoints(ReadOnlySpan<double> values, ReadOnlySpan<double> weights = default)
    {
        double[] keys = values.ToArray();
        double[] items = weights.IsEmpty ? [.. Enumerable.Repeat(1.0, keys.Length)] : weights.ToArray();
        Array.Sort(keys, items);
        List<double> distinct = [];
        List<double> sums = [];
        for (int i = 0; i < keys.Length; i++)
        {
            if (items[i] <= 0) continue;
            if (distinct.Count > 0 && distinct[^1] == keys[i]) sums[^1] += items[i];
            else
            {
                distinct.Add(keys[i]);
                sums.Add(items[i]);
            }
        }

        this.values = [.. distinct];
        mass = new double[Count + 1];
        moment = new double[Count + 1];
        square = new double[Count + 1];
        for (int i = 0; i < Count; i++)
        {
            mass[i + 1] = mass[i] + sums[i];
            moment[i + 1] = moment[i] + (sums[i] * this.values[i]);
            square[i + 1] = square[i] + (sums[i] * this.values[i] * this.values[i]);
        }
    }

    /// <summary>How many distinct numbers there are.</summary>
    public int Count => values.Length;

    /// <summary>The numbers in ascending order, each once.</summary>
    public ReadOnlySpan<double> Values => values;

    /// <summary>The weight of a run of points.</summary>
    /// <param name="from">The first.</param>
    /// <param name="to">The one behind the last.</param>
    public double Weight(int from, int to) => mass[to] - mass[from];

    /// <summary>The weighted mean of a run of at least one point.</summary>
    /// <param name="from">The first.</param>
    /// <param name="to">The one behind the last.</param>
    public double Mean(int from, int to) =>
        Math.Clamp((moment[to] - moment[from]) / Weight(from, to), values[from], values[to - 1]);

    /// <summary>The weighted sum of the squared distances of a run of points from a number.</summary>
    /// <param name="from">The first.</param>
    /// <param name="to">The one behind the last.</param>
    /// <param name="centroid">The number.</param>
    public double Error(int from, int to, double centroid) => Math.Max(0,
        square[to] - square[from] - (2 * centroid * (moment[to] - moment[from])) + (centroid * centroid * Weight(from, to)));

    /// <summary>How many points are at most as large as a number.</summary>
    /// <param name="value">The number.</param>
    public int CountUpTo(double value)
    {
        int at = Array.BinarySearch(values, value);
        return at >= 0 ? at + 1 : ~at;
    }

    /// <summary>The number below which a share of the weight lies, interpolated between points.</summary>
    /// <param name="share">From 0 to 1.</param>
    public double Quantile(double share)
    {
        // A point's weight lies half on either side of it.
        double wanted = share * mass[^1];
        int next = 0;
        while (next < Count && Middle(next) < wanted) next++;
        if (next == 0) return values[0];
        if (next == Count) return values[^1];
        double low = Middle(next - 1), high = Middle(next);
        return values[next - 1] + ((values[next] - values[next - 1]) * (wanted - low) / (high - low));

        double Middle(int point) => (mass[point] + mass[point + 1]) / 2;
    }
}
