using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Techniques.Channels;

/// <summary>A group whose units are ranked.</summary>
/// <param name="Removable">The units that can be removed, the least valuable first, without those that each value needs to keep one
/// channel.</param>
internal sealed record RankedGroup(ChannelGroup Group, ChannelUnit[] Removable, double[] Scores);

/// <summary>
/// The score of each unit of channels. Scores of a layer are divided by their mean, so that scores of several layers of a group can be
/// added.
/// </summary>
internal static class ChannelScores
{
    /// <summary>Ranks the units of groups.</summary>
    /// <param name="statistics">
    /// Of the values of <see cref="Inputs"/> for <see cref="ChannelScore.Activation"/>, of layers' outputs for
    /// <see cref="ChannelScore.BatchNormScale"/>; others need none.
    /// </param>
    public static IReadOnlyList<RankedGroup> Rank(
        Graph graph, IReadOnlyList<ChannelGroup> groups, ChannelScore score, ChannelStatistics? statistics)
    {
        Dictionary<(Value, int), double> scores = [];
        foreach (Node layer in graph.Nodes.Where(ChannelRules.IsLayer))
        {
            if (score == ChannelScore.Activation)
            {
                // Grouped layers lose their outputs with their inputs, so the readers of the outputs count.
                if (IsDense(layer)) Add(layer.Input(0), Read(layer, statistics!));
            }
            else
            {
                Add(layer.Output, score switch
                {
                    ChannelScore.L1 => Norms(layer, w => Math.Abs(w), s => s),
                    ChannelScore.L2 => Norms(layer, w => w * w, Math.Sqrt),
                    ChannelScore.Fpgm => Distances(layer),
                    _ => [.. Enumerable.Range(0, Outputs(layer)).Select(c => Math.Sqrt(statistics!.Variance(layer.Output, c)))],
                });
            }
        }

        Dictionary<ChannelUnit, double> units = groups.SelectMany(g => g.Units)
            .ToDictionary(u => u, u => u.Channels.Sum(c => scores.GetValueOrDefault(c)));
        HashSet<ChannelUnit> needed = Needed(units);
        return [.. groups.Select(g =>
        {
            ChannelUnit[] order = [.. g.Units.Where(u => !needed.Contains(u)).OrderBy(u => units[u])];
            return new RankedGroup(g, order, [.. order.Select(u => units[u])]);
        })];

        void Add(Value value, double[] channels)
        {
            double mean = channels.Average();
            for (int c = 0; mean > 0 && c < channels.Length; c++)
                scores[(value, c)] = scores.GetValueOrDefault((value, c)) + (channels[c] / mean);
        }
    }

    /// <summary>The activations whose channels layers weigh one by one.</summary>
    public static IEnumerable<Value> Inputs(Graph graph) =>
        graph.Nodes.Where(n => ChannelRules.IsLayer(n) && IsDense(n) && n.Input(0).Shape is { Rank: >= 2 }).Select(n => n.Input(0))
        .Distinct();

    private static bool IsDense(Node layer) => layer.Int("group", 1) == 1;

    private static int Outputs(Node layer) => layer.Input(1).Constant!.Dims[0];

    /// <summary>
    /// The variance that each input channel brings to the outputs: its own times its squared weights. Its mean goes into the bias.
    /// </summary>
    private static double[] Read(Node layer, ChannelStatistics statistics)
    {
        Tensor weight = layer.Input(1).Constant!;
        int outputs = weight.Dims[0], inputs = weight.Dims[1], taps = weight.Count / (outputs * inputs);
        double[] energy = new double[inputs];
        ReadOnlySpan<float> values = weight.Span<float>();
        for (int i = 0; i < values.Length; i++) energy[i / taps % inputs] += (double)values[i] * values[i];
        return [.. energy.Select((e, c) => e * statistics.Variance(layer.Input(0), c))];
    }

    private static double[] Norms(Node layer, Func<double, double> term, Func<double, double> finish)
    {
        Tensor weight = layer.Input(1).Constant!;
        int k = weight.Count / weight.Dims[0];
        double[] norms = new double[weight.Dims[0]];
        ReadOnlySpan<float> values = weight.Span<float>();
        for (int i = 0; i < values.Length; i++) norms[i / k] += term(values[i]);
        return [.. norms.Select(finish)];
    }

    private static double[] Distances(Node layer)
    {
        Tensor weight = layer.Input(1).Constant!;
        int rows = weight.Dims[0], k = weight.Count / rows;
        double[] sums = new double[rows];
        ReadOnlySpan<float> values = weight.Span<float>();
        for (int a = 0; a < rows; a++)
        {
            for (int b = 0; b < a; b++)
            {
                double square = 0;
                for (int i = 0; i < k; i++)
                {
                    double difference = (double)values[(a * k) + i] - values[(b * k) + i];
                    square += difference * difference;
                }

                sums[a] += Math.Sqrt(square);
                sums[b] += Math.Sqrt(square);
            }
        }

        return sums;
    }

    /// <summary>For each value that could lose all its channels, the unit that is worth most.</summary>
    private static HashSet<ChannelUnit> Needed(Dictionary<ChannelUnit, double> units)
    {
        Dictionary<Value, (int Channels, ChannelUnit Best)> values = [];
        foreach ((ChannelUnit unit, double score) in units)
        {
            foreach ((Value value, _) in unit.Channels)
            {
                bool known = values.TryGetValue(value, out var found);
                values[value] = (found.Channels + 1, !known || score > units[found.Best] ? unit : found.Best);
            }
        }

        return [.. values.Where(v => v.Value.Channels == v.Key.Shape![1].Size).Select(v => v.Value.Best)];
    }
}
