using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Numerics;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Techniques.Clustering;

/// <summary>Chooses the integers and the scales of a clustered int8 weight.</summary>
internal static class IntegerClustering
{
    /// <summary>
    /// By how much the squared error of the weights may exceed that of the K shared integers of least error, so that the integers
    /// compress better.
    /// </summary>
    public const double ErrorBound = 2.3;

    // Of the scales tried first for a channel, in shares of that at which all channels are equally loud.
    private static readonly double[] Factors = [0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.4];

    private const int Bisections = 6;

    /// <summary>The codebook of a layer.</summary>
    public static EntropyConstrainedLloyd.Outcome Fit(
        LayerWeights layer, int clusters, ClusterScope scope, ClusterInitialization method, int seed, Workers workers)
    {
        EntropyConstrainedLloyd shared = new(layer, ClusterScope.Tensor, workers);
        EntropyConstrainedLloyd.Outcome plain = shared.Run(Start(layer, clusters, method, seed, workers), 0);
        EntropyConstrainedLloyd lloyd = scope == ClusterScope.Tensor ? shared : new(layer, scope, workers);
        return Cheapest(lloyd, plain, plain.Error * ErrorBound);
    }

    /// <summary>
    /// K integers for all channels: k-means of the channels' elements, each channel divided by its loudness; the largest centroid
    /// becomes 127, and the scales follow.
    /// </summary>
    private static IntegerCodebook Start(
        LayerWeights layer, int clusters, ClusterInitialization method, int seed, Workers workers)
    {
        WeightedPoints points = layer.Points(Enumerable.Range(0, layer.Channels), normalized: true);
        double[] centroids = points.Count == 0 ? [0] : KMeans.Lloyd(
            points, CentroidInitialization.Of(method, points, clusters, layer.IsMasked, new Random(seed)), layer.IsMasked);
        double largest = Math.Max(-centroids[0], centroids[^1]), step = largest > 0 ? largest / IntegerCodebook.Largest : 1;
        int[] levels = [.. centroids.Select(c => (int)Math.Round(c / step)).Distinct()];
        double[] scales = new double[layer.Channels];
        workers.For(scales.Length, c =>
        {
            double least = double.PositiveInfinity;
            foreach (double factor in Factors)
            {
                double scale = layer.Loudness(c) * step * factor, error = Error(layer, c, levels, scale);
                if (error < least) (least, scales[c]) = (error, scale);
            }
        });
        return new IntegerCodebook(scales, [.. scales.Select(_ => levels)]);
    }

    private static double Error(LayerWeights layer, int channel, int[] levels, double scale)
    {
        ReadOnlySpan<double> free = stackalloc double[IntegerCodebook.Integers];
        ReadOnlySpan<float> values = layer.Values(channel);
        double error = 0;
        for (int i = 0; i < values.Length; i++)
        {
            if (!layer.IsFree(channel, i)) continue;
            double off = values[i] - (scale * levels[IntegerCodebook.Cheapest(levels, values[i] / scale, 1, free)]);
            error += layer.Importance(channel)[i] * off * off;
        }

        return error;
    }

    /// <summary>The outcome of fewest bits within the bound, by bisection of λ on a logarithmic scale.</summary>
    private static EntropyConstrainedLloyd.Outcome Cheapest(
        EntropyConstrainedLloyd lloyd, EntropyConstrainedLloyd.Outcome plain, double bound)
    {
        EntropyConstrainedLloyd.Outcome best = plain;
        if (plain.Error <= 0) return best;
        // Per element of mean importance and loudness: the slope of error over bits at high resolution is 2 ln 2 times the error.
        double theory = 2 * Math.Log(2) * plain.Error / lloyd.TotalImportance;
        double low = theory / 16, high = theory * 16;
        for (int i = 0; i < Bisections; i++)
        {
            double middle = Math.Sqrt(low * high);
            EntropyConstrainedLloyd.Outcome outcome = lloyd.Run(plain.Codebook, middle);
            if (outcome.Error > bound)
            {
                high = middle;
                continue;
            }

            low = middle;
            if (outcome.TotalBits < best.TotalBits) best = outcome;
        }

        return best;
    }
}
