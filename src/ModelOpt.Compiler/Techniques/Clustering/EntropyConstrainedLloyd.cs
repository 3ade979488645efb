using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Numerics;

namespace ModelOpt.Compiler.Techniques.Clustering;

/// <summary>
/// Finds the integers of a clustered int8 weight and the scales of its output channels. The price of an integer is its size in the
/// compressed file, −log₂ of its share of the whole tensor, as a Huffman code of the file would have it: cost = squared error + λ · bits.
/// Assigning the elements, fitting the scales, moving the integers and counting again lower the cost in turn (entropy-constrained vector
/// quantization, Chou, Lookabaugh and Gray 1989). λ = 0 is Lloyd's iteration.
/// </summary>
internal sealed class EntropyConstrainedLloyd
{
    private const int MaxIterations = 12;
    private const double LeastGain = 1e-3;

    private readonly LayerWeights _layer;
    private readonly ClusterScope _scope;
    private readonly Workers _workers;
    private readonly int[] _assigned;
    private readonly double _meanImportance;

    /// <summary>Prepares for a layer.</summary>
    public EntropyConstrainedLloyd(LayerWeights layer, ClusterScope scope, Workers workers)
    {
        _layer = layer;
        _scope = scope;
        _workers = workers;
        _assigned = new int[layer.Channels * layer.PerChannel];
        double sum = 0;
        for (int c = 0; c < layer.Channels; c++)
        {
            foreach (double importance in layer.Importance(c)) sum += importance;
        }

        TotalImportance = sum;
        _meanImportance = sum / _assigned.Length;
    }

    /// <summary>The sum of the importance of all elements.</summary>
    public double TotalImportance { get; }

    /// <summary>Lowers the cost from a codebook on.</summary>
    /// <param name="start">The codebook to begin with; with scope Tensor, channels have the same integers.</param>
    /// <param name="lambda">What a bit costs, in squared errors of a normalized element of mean importance.</param>
    public Outcome Run(IntegerCodebook start, double lambda)
    {
        double[] steps = [.. start.Scales.Select((s, c) => s / _layer.Loudness(c))];
        int[][] levels = [.. start.Levels];
        double[] prices = new double[IntegerCodebook.Integers];
        double previous = double.PositiveInfinity;
        Outcome outcome = Assign(steps, levels, prices);
        for (int i = 0; i < MaxIterations; i++)
        {
            _workers.Cancellation.ThrowIfCancellationRequested();
            prices = [.. outcome.Bits.Select(b => b * lambda * _meanImportance)];
            outcome = Assign(steps, levels, prices);
            double cost = outcome.Error + (lambda * _meanImportance * outcome.TotalBits);
            if (previous - cost <= LeastGain * cost) break;
            previous = cost;
            _workers.For(steps.Length, c => steps[c] = FitStep(c, steps[c]));
            MoveLevels(steps, levels, prices);
        }

        return outcome with { Assigned = [.. _assigned], BitCost = lambda * _meanImportance };
    }

    /// <summary>Gives every element its cheapest integer.</summary>
    private Outcome Assign(double[] steps, int[][] levels, double[] prices)
    {
        double[] errors = new double[_layer.Channels];
        _workers.For(_layer.Channels, c =>
        {
            ReadOnlySpan<float> values = _layer.Values(c);
            ReadOnlySpan<double> importance = _layer.Importance(c);
            double loudness = _layer.Loudness(c), step = steps[c];
            for (int i = 0; i < values.Length; i++)
            {
                double normal = values[i] / loudness;
                int q = !_layer.IsFree(c, i) ? 0
                    : levels[c][IntegerCodebook.Cheapest(levels[c], normal / step, importance[i] * step * step, prices)];
                _assigned[(c * values.Length) + i] = q;
                if (_layer.IsFree(c, i)) errors[c] += importance[i] * (normal - (q * step)) * (normal - (q * step));
            }
        });

        double[] bits = BitsOf(_assigned);
        double total = 0, error = 0;
        foreach (int q in _assigned) total += bits[q + IntegerCodebook.Largest];
        foreach (double e in errors) error += e;
        return new Outcome(
            new IntegerCodebook([.. steps.Select((s, c) => s * _layer.Loudness(c))], [.. levels]), _assigned, bits, error, total, 0);
    }

    /// <summary>The bits of each integer from −127 on: −log₂ of its share; one more is counted of each, so that any can be had.</summary>
    public static double[] BitsOf(int[] integers)
    {
        long[] counts = new long[IntegerCodebook.Integers];
        foreach (int q in integers) counts[q + IntegerCodebook.Largest]++;
        return [.. counts.Select(n => Math.Log2((double)(integers.Length + counts.Length) / (n + 1)))];
    }

    /// <summary>The step of least error for a channel's integers, in closed form.</summary>
    private double FitStep(int channel, double step)
    {
        double cross = 0, square = 0;
        ReadOnlySpan<float> values = _layer.Values(channel);
        ReadOnlySpan<double> importance = _layer.Importance(channel);
        ReadOnlySpan<int> integers = _assigned.AsSpan(channel * _layer.PerChannel, _layer.PerChannel);
        for (int i = 0; i < integers.Length; i++)
        {
            double weighted = importance[i] * integers[i];
            cross += weighted * values[i];
            square += weighted * integers[i];
        }

        cross /= _layer.Loudness(channel);
        return cross > 0 ? Math.Clamp(cross / square, step / 2, step * 2) : step;
    }

    private void MoveLevels(double[] steps, int[][] levels, double[] prices)
    {
        if (_scope == ClusterScope.Channel)
        {
            _workers.For(_layer.Channels, c => levels[c] = Moved(levels[c], [c], steps, prices));
            return;
        }

        int[] shared = Moved(levels[0], Enumerable.Range(0, _layer.Channels), steps, prices);
        Array.Fill(levels, shared);
    }

    /// <summary>For each level, the integer that is cheapest for those who have it; zero stays where it is pinned.</summary>
    private int[] Moved(int[] levels, IEnumerable<int> channels, double[] steps, double[] prices)
    {
        double[] cross = new double[IntegerCodebook.Integers], square = new double[IntegerCodebook.Integers];
        int[] members = new int[IntegerCodebook.Integers];
        foreach (int c in channels)
        {
            ReadOnlySpan<float> values = _layer.Values(c);
            ReadOnlySpan<double> importance = _layer.Importance(c);
            ReadOnlySpan<int> integers = _assigned.AsSpan(c * _layer.PerChannel, _layer.PerChannel);
            double normal = steps[c] / _layer.Loudness(c), squared = steps[c] * steps[c];
            for (int i = 0; i < integers.Length; i++)
            {
                int at = integers[i] + IntegerCodebook.Largest;
                cross[at] += importance[i] * values[i] * normal;
                square[at] += importance[i] * squared;
                members[at]++;
            }
        }

        SortedSet<int> moved = [];
        foreach (int level in levels)
        {
            int at = level + IntegerCodebook.Largest;
            if (level == 0 && _layer.IsMasked) moved.Add(0);
            else if (members[at] == 0) continue;
            else moved.Add(square[at] > 0 ? Place(cross[at] / square[at], square[at], members[at], prices) : level);
        }

        return moved.Count > 0 ? [.. moved] : levels;
    }

    /// <summary>
    /// The integer for a cluster of a given mean. Of a channel's own integers the price counts; integers that all share
    /// keep their price wherever they move.
    /// </summary>
    private int Place(double mean, double weight, int members, double[] prices)
    {
        int best = (int)Math.Clamp(Math.Round(mean), -IntegerCodebook.Largest, IntegerCodebook.Largest);
        if (_scope == ClusterScope.Tensor) return best;
        double least = double.PositiveInfinity;
        for (int q = -IntegerCodebook.Largest; q <= IntegerCodebook.Largest; q++)
        {
            double cost = ((q - mean) * (q - mean) * weight) + (members * prices[q + IntegerCodebook.Largest]);
            if (cost >= least) continue;
            (best, least) = (q, cost);
        }

        return best;
    }

    /// <summary>The result.</summary>
    /// <param name="Assigned">The integer of each element, in the weight's order.</param>
    /// <param name="Bits">The bits of each integer, from −127 on.</param>
    /// <param name="Error">The squared error of the normalized elements, weighted by importance.</param>
    /// <param name="BitCost">What a bit cost, in squared errors of normalized elements weighted by importance.</param>
    internal sealed record Outcome(
        IntegerCodebook Codebook, int[] Assigned, double[] Bits, double Error, double TotalBits, double BitCost);
}
