namespace ModelOpt.Cli.Bench;

/// <summary>Times of single runs, in milliseconds.</summary>
internal sealed class Timings
{
    private readonly List<double> _samples = [];
    private double[]? _sorted;

    public int Count => _samples.Count;

    public double Median => Quantile(0.5);

    public void Add(double milliseconds)
    {
        _samples.Add(milliseconds);
        _sorted = null;
    }

    /// <summary>The time that a share of the runs does not exceed, the nearest measured one.</summary>
    public double Quantile(double share)
    {
        _sorted ??= [.. _samples.Order()];
        return _sorted.Length == 0 ? double.NaN : _sorted[(int)Math.Round(share * (_sorted.Length - 1))];
    }
}
