namespace ModelOpt.Cli.Bench;

/// <summary>Times of single runs, in milliseconds.</summary>
internal sealed class Timings
{
    private readonly List<double> samples = [];
    private double[]? sorted;

    public int Count => samples.Count;

    public double Median => Quantile(0.5);

    public void Add(double milliseconds)
    {
        samples.Add(milliseconds);
        sorted = null;
    }

    /// <summary>The time that a share of the runs does not exceed, the nearest measured one.</summary>
    public double Quantile(double share)
    {
        sorted ??= [.. samples.Order()];
        return sorted.Length == 0 ? double.NaN : sorted[(int)Math.Round(share * (sorted.Length - 1))];
    }
}
