using ModelOpt.Compiler.Numerics;

namespace ModelOpt.Compiler.Techniques.Clustering;

/// <summary>
/// Assigns integers so that errors compensate each other in the layer's output: coordinate descent on the squared error of the output on
/// calibration data, plus the integers' size in the file. Earlier layers may be compressed already; the target is the float model's
/// output.
/// </summary>
/// <remarks>
/// With the bias free, the error of an output channel is <c>(ŵ − w*)ᵀ C (ŵ − w*)</c> plus a constant, C the inputs' covariance. Its
/// half gradient <c>g = C ŵ − t</c>, t the covariance of inputs and wanted output, is kept up to date, so that w* itself is never needed.
/// </remarks>
internal sealed class CompensatedAssignment
{
    private const int Rounds = 3;
    private const int Sweeps = 8;

    private readonly LayerWeights _layer;
    private readonly Func<int, double[]> _gram;
    private readonly Func<int, double[]> _cross;
    private readonly int _groups;
    private readonly double[] _ridges;

    /// <summary>Prepares for a layer.</summary>
    /// <param name="layer">The layer; K elements per channel.</param>
    /// <param name="groups">How many groups of output channels read inputs of their own.</param>
    /// <param name="gram">For a group the mean of z zᵀ, (K + 1)², z the inputs and 1.</param>
    /// <param name="cross">For a group the mean of y zᵀ, (channels of the group) × (K + 1), y the output wanted.</param>
    /// <param name="ridge">How strongly weights are drawn to their first values, in shares of the mean variance of the inputs.</param>
    public CompensatedAssignment(
        LayerWeights layer, int groups, Func<int, double[]> gram, Func<int, double[]> cross, double ridge)
    {
        _layer = layer;
        _groups = groups;
        _gram = gram;
        _cross = cross;
        _ridges = [.. Enumerable.Range(0, groups).Select(g => ridge * Importance(gram(g), layer.PerChannel, 0).Average())];
    }

    /// <summary>The variance of each input: the cost of a squared error of its weight when the bias is refitted.</summary>
    /// <param name="least">The least that is returned, in shares of the mean; inputs that never vary would otherwise count for
    /// nothing.</param>
    public static double[] Importance(double[] gram, int inputs, double least)
    {
        int n = inputs + 1;
        double[] variance = [.. Enumerable.Range(0, inputs)
            .Select(k => Math.Max(0, gram[(k * n) + k] - (gram[(k * n) + inputs] * gram[(k * n) + inputs])))];
        double mean = variance.Average();
        return mean > 0 ? [.. variance.Select(v => v + (least * mean))] : [.. variance.Select(_ => 1.0)];
    }

    /// <summary>Assigns.</summary>
    /// <param name="start">Integers, scales and prices to start from.</param>
    /// <returns>The integers in the weight's order, the scale of each channel, and the biases.</returns>
    public (int[] Integers, double[] Scales, float[] Bias) Run(EntropyConstrainedLloyd.Outcome start, Workers workers)
    {
        int[] integers = [.. start.Assigned];
        double[] scales = [.. start.Codebook.Scales];
        double[] bits = start.Bits;
        float[] bias = new float[_layer.Channels];
        for (int round = 0; round < Rounds; round++)
        {
            double[] prices = [.. bits.Select(b => b * start.BitCost)];
            bool last = round == Rounds - 1;
            workers.For(_layer.Channels, c =>
            {
                double squared = _layer.Loudness(c) * _layer.Loudness(c);
                Span<int> own = integers.AsSpan(c * _layer.PerChannel, _layer.PerChannel);
                double[] ownPrices = [.. prices.Select(p => p * squared)];
                bias[c] = Descend(c, own, start.Codebook.Levels[c], ownPrices, ref scales[c], refit: !last);
            });
            bits = EntropyConstrainedLloyd.BitsOf(integers);
        }

        return (integers, scales, bias);
    }

    private float Descend(int channel, Span<int> integers, int[] levels, double[] prices, ref double scale, bool refit)
    {
        int inputs = _layer.PerChannel, n = inputs + 1, perGroup = _layer.Channels / _groups, group = channel / perGroup;
        double[] moments = _gram(group);
        double ridge = _ridges[group];
        ReadOnlySpan<double> wanted = _cross(group).AsSpan(channel % perGroup * n, n);
        ReadOnlySpan<double> means = moments.AsSpan(inputs * n, n);
        ReadOnlySpan<float> first = _layer.Values(channel);
        double[] target = new double[inputs], product = new double[inputs];
        for (int k = 0; k < inputs; k++)
        {
            target[k] = wanted[k] - (wanted[inputs] * means[k]) + (ridge * first[k]);
            if (integers[k] != 0) Add(product, moments, k, n, scale * integers[k], ridge);
        }

        for (int sweep = 0; sweep < Sweeps; sweep++)
        {
            bool changed = false;
            for (int k = 0; k < inputs; k++)
            {
                if (!_layer.IsFree(channel, k)) continue;
                double curvature = moments[(k * n) + k] - (means[k] * means[k]) + ridge;
                if (curvature <= 0) continue;
                double value = integers[k] + ((target[k] - product[k]) / (curvature * scale));
                int level = levels[IntegerCodebook.Cheapest(levels, value, curvature * scale * scale, prices)];
                if (level == integers[k]) continue;
                Add(product, moments, k, n, scale * (level - integers[k]), ridge);
                integers[k] = level;
                changed = true;
            }

            if (!changed) break;
        }

        double along = 0, square = 0, mean = 0;
        for (int k = 0; k < inputs; k++)
        {
            along += integers[k] * target[k];
            square += integers[k] * product[k];
        }

        // product is for the old scale: the best is that times tᵀq / (C ŵ)ᵀq.
        if (refit && along > 0 && square > 0) scale *= Math.Clamp(along / square, 0.5, 2);
        for (int k = 0; k < inputs; k++) mean += (float)scale * integers[k] * means[k];
        return (float)(wanted[inputs] - mean);
    }

    /// <summary>Adds a column of C (and the ridge), times a factor.</summary>
    private static void Add(double[] product, double[] moments, int k, int n, double factor, double ridge)
    {
        int inputs = n - 1;
        ReadOnlySpan<double> row = moments.AsSpan(k * n, inputs), means = moments.AsSpan(inputs * n, inputs);
        double mean = factor * means[k];
        for (int j = 0; j < inputs; j++) product[j] += (factor * row[j]) - (mean * means[j]);
        product[k] += factor * ridge;
    }
}
