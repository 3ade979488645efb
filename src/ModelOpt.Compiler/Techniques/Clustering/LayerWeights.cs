namespace ModelOpt.Compiler.Techniques.Clustering;

/// <summary>A layer's weight for clustering: its values, the importance of each, and which of them stay zero.</summary>
internal sealed class LayerWeights
{
    // Smallest channel relative to the largest: tinier scales would not fit the multipliers of int8 arithmetic.
    private const double LoudestToQuietest = 512;

    private readonly float[] _values;
    private readonly IReadOnlyList<bool>? _zeros;
    private readonly double[][] _importance;
    private readonly double[] _loudness;

    /// <summary>Wraps a weight.</summary>
    /// <param name="zeros">The elements that are zero for good, or null.</param>
    /// <param name="importance">
    /// For each group of output channels and each element of one of its channels, by how much an error of 1 there raises the squared
    /// error of the output (the diagonal of the Hessian, halved); not negative. One array of ones where nothing is known.
    /// </param>
    public LayerWeights(float[] values, int channels, IReadOnlyList<bool>? zeros, double[][] importance)
    {
        _values = values;
        _zeros = zeros;
        _importance = importance;
        Channels = channels;
        PerChannel = values.Length / channels;
        _loudness = [.. Enumerable.Range(0, channels).Select(MeasureLoudness)];
        double least = _loudness.Max() / LoudestToQuietest;
        _loudness = [.. _loudness.Select(l => l > 0 ? Math.Max(l, least) : Math.Max(least, 1e-30))];
    }

    /// <summary>The number of output channels.</summary>
    public int Channels { get; }

    /// <summary>The number of elements of each.</summary>
    public int PerChannel { get; }

    /// <summary>Whether zero is to stay a value of its own.</summary>
    public bool IsMasked => _zeros is not null;

    /// <summary>The elements of a channel.</summary>
    public ReadOnlySpan<float> Values(int channel) => _values.AsSpan(channel * PerChannel, PerChannel);

    /// <summary>The importance of each element of a channel.</summary>
    public ReadOnlySpan<double> Importance(int channel) => _importance[channel * _importance.Length / Channels];

    /// <summary>Whether an element of a channel may have any value.</summary>
    public bool IsFree(int channel, int element) => _zeros is null || !_zeros[(channel * PerChannel) + element];

    /// <summary>
    /// The root mean square of a channel's free elements, weighted by importance, or a small positive number where that is less. Divided
    /// by it,
    /// channels are alike.
    /// </summary>
    public double Loudness(int channel) => _loudness[channel];

    /// <summary>The free elements of channels, each divided by its channel's loudness or not, with their importance.</summary>
    public WeightedPoints Points(IEnumerable<int> channels, bool normalized)
    {
        List<double> points = [], weights = [];
        foreach (int channel in channels)
        {
            double divisor = normalized ? _loudness[channel] : 1;
            for (int i = 0; i < PerChannel; i++)
            {
                if (!IsFree(channel, i)) continue;
                points.Add(Values(channel)[i] / divisor);
                weights.Add(Importance(channel)[i]);
            }
        }

        return new WeightedPoints(points.ToArray(), weights.ToArray());
    }

    private double MeasureLoudness(int channel)
    {
        double sum = 0, weight = 0;
        for (int i = 0; i < PerChannel; i++)
        {
            if (!IsFree(channel, i)) continue;
            double value = Values(channel)[i];
            sum += Importance(channel)[i] * value * value;
            weight += Importance(channel)[i];
        }

        return sum > 0 ? Math.Sqrt(sum / weight) : 0;
    }
}
