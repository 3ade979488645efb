namespace ModelOpt.Compiler.Techniques.Clustering;

/// <summary>A layer's weight for clustering: its values, the importance of each, and which of them stay zero.</summary>
internal sealed class LayerWeights
{
    // Smallest channel relative to the largest: tinier scales would not fit the multipliers of int8 arithmetic.
    private const double LoudestToQuietest = 512;

    private readonly float[] values;
    private readonly IReadOnlyList<bool>? zeros;
    private readonly double[][] importance;
    private readonly double[] loudness;

    /// <summary>Wraps a weight.</summary>
    /// <param name="values">Output channels first.</param>
    /// <param name="channels">How many output channels.</param>
    /// <param name="zeros">The elements that are zero for good, or null.</param>
    /// <param name="importance">
    /// For each group of output channels and each element of one of its channels, by how much an error of 1 there raises the squared
    /// error of the output (the diagonal of the Hessian, halved); not negative. One array of ones where nothing is known.
    /// </param>
    public LayerWeights(float[] values, int channels, IReadOnlyList<bool>? zeros, double[][] importance)
    {
        this.values = values;
        this.zeros = zeros;
        this.importance = importance;
        Channels = channels;
        PerChannel = values.Length / channels;
        loudness = [.. Enumerable.Range(0, channels).Select(MeasureLoudness)];
        double least = loudness.Max() / LoudestToQuietest;
        loudness = [.. loudness.Select(l => l > 0 ? Math.Max(l, least) : Math.Max(least, 1e-30))];
    }

    /// <summary>The number of output channels.</summary>
    public int Channels { get; }

    /// <summary>The number of elements of each.</summary>
    public int PerChannel { get; }

    /// <summary>Whether zero is to stay a value of its own.</summary>
    public bool IsMasked => zeros is not null;

    /// <summary>The elements of a channel.</summary>
    /// <param name="channel">The channel.</param>
    public ReadOnlySpan<float> Values(int channel) => values.AsSpan(channel * PerChannel, PerChannel);

    /// <summary>The importance of each element of a channel.</summary>
    /// <param name="channel">The channel.</param>
    public ReadOnlySpan<double> Importance(int channel) => importance[channel * importance.Length / Channels];

    /// <summary>Whether an element of a channel may have any value.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="element">The element's position in it.</param>
    public bool IsFree(int channel, int element) => zeros is null || !zeros[(channel * PerChannel) + element];

    /// <summary>
    /// The root mean square of a channel's free elements, weighted by importance, or a small positive number where that is less. Divided
    /// by it,
    /// channels are alike.
    /// </summary>
    /// <param name="channel">The channel.</param>
    public double Loudness(int channel) => loudness[channel];

    /// <summary>The free elements of channels, each divided by its channel's loudness or not, with their importance.</summary>
    /// <param name="channels">The channels.</param>
    /// <param name="normalized">Whether to divide.</param>
    public WeightedPoints Points(IEnumerable<int> channels, bool normalized)
    {
        List<double> points = [], weights = [];
        foreach (int channel in channels)
        {
            double divisor = normalized ? loudness[channel] : 1;
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
