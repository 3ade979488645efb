using ModelOpt.Compiler.Compilation;

namespace ModelOpt.Compiler.Passes.Constrain;

/// <summary>Chooses the integers and the scales of a clustered int8 weight.</summary>
internal static class IntegerClustering
{
    /// <summary>
    /// By how much the squared error of the weights may exceed that of the K shared integers of least error, so that the integers
    /// compress better.
    /// </summary>
    public const double ErrorBound = 1.5;

    // Of the scales tried first for a channel, in shares of that at which all channels are equally loud.
    private static readonly double[] Factors = [0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.4];

    // Errors aimed at, in shares of the bound: pricing bits raises the error of evenly spaced integers a little.
    private static readonly double[] Shares = [1, 0.9, 0.8];

    // Steps tried for evenly spaced integers: from one root mean square of the weights down to a hundredth.
    private const int EvenSteps = 80;
    private const double EvenFactor = 0.944;

    /// <summary>The codebook of a layer.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="clusters">K.</param>
    /// <param name="scope">Whether channels share their integers.</param>
    /// <param name="method">Where k-means starts.</param>
    /// <param name="seed">Where random choices start.</param>
    /// <param name="cancellation">Ends the work.</param>
    public static EntropyConstrainedLloyd.Outcome Fit(
        LayerWeights layer, int clusters, ClusterScope scope, ClusterInitialization method, int seed, CancellationToken cancellation)
    {
        EntropyConstrainedLloyd shared = new(layer, ClusterScope.Tensor, cancellation);
        EntropyConstrainedLloyd.Outcome plain = shared.Run(Start(layer, clusters, method, seed), 0);
        EntropyConstrainedLloyd lloyd = scope == ClusterScope.Tensor ? shared : new(layer, scope, cancellation);
        return Cheapest(layer, lloyd, clusters, plain, plain.Error * ErrorBound);
    }

    /// <summary>
    /// K integers for all channels: k-means of the channels' elements, each channel divided by its loudness; the largest centroid
    /// becomes 127, and the scales follow.
    /// </summary>
    private static IntegerCodebook Start(LayerWeights layer, int clusters, ClusterInitialization method, int seed)
    {
        WeightedPoints points = layer.Points(Enumerable.Range(0, layer.Channels), normalized: true);
        double[] centroids = points.Count == 0 ? [0] : KMeans.Lloyd(
            points, CentroidInitialization.Of(method, points, clusters, layer.IsMasked, new Random(seed)), layer.IsMasked);
        double largest = Math.Max(-centroids[0], centroids[^1]), step = largest > 0 ? largest / IntegerCodebook.Largest : 1;
        int[] levels = [.. centroids.Select(c => (int)Math.Round(c / step)).Distinct()];
        double[] scales = new double[layer.Channels];
        Parallel.For(0, scales.Length, c =>
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

    /// <summary>
    /// The outcome of fewer bits within the bound. It starts from evenly spaced integers, which a price of bits leads to (Gish and Pierce
    /// 1968): from those of least error the iteration would take long to get there. λ is the slope of error over bits there, 2 ln 2
    /// times the error.
    /// </summary>
    private static EntropyConstrainedLloyd.Outcome Cheapest(
        LayerWeights layer, EntropyConstrainedLloyd lloyd, int clusters, EntropyConstrainedLloyd.Outcome plain, double bound)
    {
        if (plain.Error <= 0) return plain;
        foreach (double share in Shares)
        {
            if (Even(layer, clusters, bound * share) is not { } even) continue;
            EntropyConstrainedLloyd.Outcome outcome = lloyd.Run(even, 2 * Math.Log(2) * bound * share / lloyd.TotalImportance);
            if (outcome.Error <= bound && outcome.TotalBits < plain.TotalBits) return outcome;
        }

        return plain;
    }

    /// <summary>K integers at equal distances, zero among them, in the largest steps whose error is within a bound; or null.</summary>
    private static IntegerCodebook? Even(LayerWeights layer, int clusters, double bound)
    {
        int side = Math.Min(clusters / 2, IntegerCodebook.Largest), spacing = Math.Max(1, IntegerCodebook.Largest / side);
        int lowest = -Math.Min((clusters - 1) / 2, side);
        int[] levels = [.. Enumerable.Range(lowest, side - lowest + 1).Select(i => i * spacing)];
        double[] errors = new double[layer.Channels];
        double step = 1;
        for (int i = 0; i < EvenSteps; i++, step *= EvenFactor)
        {
            double normal = step / spacing;
            Parallel.For(0, layer.Channels, c =>
                errors[c] = Error(layer, c, levels, layer.Loudness(c) * normal) / layer.Loudness(c) / layer.Loudness(c));
            if (errors.Sum() > bound) continue;
            return new IntegerCodebook(
                [.. Enumerable.Range(0, layer.Channels).Select(c => layer.Loudness(c) * normal)], [.. errors.Select(_ => levels)]);
        }

        return null;
    }
}
