using ModelOpt.Compiler.Numerics;

namespace ModelOpt.Compiler.Calibration;

/// <summary>
/// Counts of values in bins of equal width, filled by streaming. The width is a power of two and bin edges are multiples
/// of it, so two neighbours merge exactly when the range grows: the result does not depend on the order of the values, and
/// memory does not grow with their number.
/// </summary>
internal sealed class Histogram
{
    /// <summary>At most so many bins lie between the smallest and the largest value.</summary>
    public const int MaxBins = 4096;

    private long[] _counts = [];
    private int _exponent;
    private long _first;

    /// <summary>The smallest value seen; +∞ before the first.</summary>
    public float Min { get; private set; } = float.PositiveInfinity;

    /// <summary>The largest value seen; −∞ before the first.</summary>
    public float Max { get; private set; } = float.NegativeInfinity;

    /// <summary>The number of values counted.</summary>
    public long Total { get; private set; }

    /// <summary>The width of a bin.</summary>
    public double Width => Math.ScaleB(1, _exponent);

    /// <summary>The lower edge of the first bin.</summary>
    public double Start => _first * Width;

    /// <summary>The number of values in each bin, from <see cref="Start"/> upwards.</summary>
    public ReadOnlySpan<long> Counts => _counts;

    /// <summary>Counts values.</summary>
    /// <returns>False, and nothing counted, where a value is not finite.</returns>
    public bool Add(ReadOnlySpan<float> values)
    {
        if (values.IsEmpty) return true;
        if (values.ContainsAnyExceptInRange(float.MinValue, float.MaxValue)) return false;
        (float min, float max) = Extremes.Of(values);
        Cover(MathF.Min(min, Min), MathF.Max(max, Max));
        double scale = Math.ScaleB(1, -_exponent);
        foreach (float value in values) _counts[(long)Math.Floor(value * scale) - _first]++;
        Total += values.Length;
        return true;
    }

    private void Cover(float min, float max)
    {
        if (min == Min && max == Max) return;
        // The least width for the whole range: it depends on the range alone, and can only grow.
        // Of a single value, all bits are kept: no later range asks for finer bins, and its bin fits 64 bits.
        int wanted = Math.Max(min == max ? Math.Max(Math.ILogB(max), -86) - 40 : Math.ILogB((double)max - min) - 11, -126);
        while (Bin(max, wanted) - Bin(min, wanted) >= MaxBins) wanted++;
        if (Total == 0) _exponent = wanted;
        int shift = Math.Max(wanted - _exponent, 0);
        long newFirst = Bin(min, _exponent + shift);
        long[] grown = new long[Bin(max, _exponent + shift) - newFirst + 1];
        for (int i = 0; i < _counts.Length; i++) grown[((_first + i) >> Math.Min(shift, 63)) - newFirst] += _counts[i];
        (_counts, _first, _exponent, Min, Max) = (grown, newFirst, _exponent + shift, min, max);
    }

    private static long Bin(double value, int exponent) => (long)Math.Floor(Math.ScaleB(value, -exponent));
}
