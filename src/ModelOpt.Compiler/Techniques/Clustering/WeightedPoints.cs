namespace ModelOpt.Compiler.Techniques.Clustering;

/// <summary>
/// Numbers with weights in ascending order, equal ones made one, with running sums: the weight, mean and squared error of
/// any run of them take constant time. Clusters of numbers are such runs.
/// </summary>
internal sealed class WeightedPoints
{
    private readonly double[] _values;
    private readonly double[] _mass;
    private readonly double[] _moment;
    private readonly double[] _square;

    /// <summary>Sorts points.</summary>
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

        _values = [.. distinct];
        _mass = new double[Count + 1];
        _moment = new double[Count + 1];
        _square = new double[Count + 1];
        for (int i = 0; i < Count; i++)
        {
            _mass[i + 1] = _mass[i] + sums[i];
            _moment[i + 1] = _moment[i] + (sums[i] * _values[i]);
            _square[i + 1] = _square[i] + (sums[i] * _values[i] * _values[i]);
        }
    }

    /// <summary>How many distinct numbers there are.</summary>
    public int Count => _values.Length;

    /// <summary>The numbers in ascending order, each once.</summary>
    public ReadOnlySpan<double> Values => _values;

    /// <summary>The weight of a run of points.</summary>
    /// <param name="to">The one behind the last.</param>
    public double Weight(int from, int to) => _mass[to] - _mass[from];

    /// <summary>The weighted mean of a run of at least one point.</summary>
    /// <param name="to">The one behind the last.</param>
    public double Mean(int from, int to) =>
        Math.Clamp((_moment[to] - _moment[from]) / Weight(from, to), _values[from], _values[to - 1]);

    /// <summary>The weighted sum of the squared distances of a run of points from a number.</summary>
    /// <param name="to">The one behind the last.</param>
    public double Error(int from, int to, double centroid) => Math.Max(0,
        _square[to] - _square[from] - (2 * centroid * (_moment[to] - _moment[from])) + (centroid * centroid * Weight(from, to)));

    /// <summary>How many points are at most as large as a number.</summary>
    public int CountUpTo(double value)
    {
        int at = Array.BinarySearch(_values, value);
        return at >= 0 ? at + 1 : ~at;
    }

    /// <summary>The number below which a share of the weight lies, interpolated between points.</summary>
    /// <param name="share">From 0 to 1.</param>
    public double Quantile(double share)
    {
        // A point's weight lies half on either side of it.
        double wanted = share * _mass[^1];
        int next = 0;
        while (next < Count && Middle(next) < wanted) next++;
        if (next == 0) return _values[0];
        if (next == Count) return _values[^1];
        double low = Middle(next - 1), high = Middle(next);
        return _values[next - 1] + ((_values[next] - _values[next - 1]) * (wanted - low) / (high - low));

        double Middle(int point) => (_mass[point] + _mass[point + 1]) / 2;
    }
}
