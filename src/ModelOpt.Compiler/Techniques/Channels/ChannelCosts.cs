using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Techniques.Channels;

/// <summary>The cost of a graph without the first so many units of each group, computed without removing them.</summary>
internal sealed class ChannelCosts
{
    private readonly List<Layer> _layers = [];
    private readonly List<(int Layer, int Outputs, int Inputs)>[][] _losses;
    private readonly double _others;
    private readonly double _total;

    /// <summary>Costs as a share of those of the whole graph.</summary>
    /// <param name="target">Multiply-accumulates of one sample, or bytes of the layers' weights and biases in float32.</param>
    public ChannelCosts(Graph graph, IReadOnlyList<RankedGroup> groups, ChannelPruningTarget target)
    {
        Dictionary<Node, int> indices = [];
        foreach (Node node in graph.Nodes)
        {
            if (ChannelRules.IsLayer(node))
            {
                indices[node] = _layers.Count;
                _layers.Add(Layer.Of(node, target));
            }
            else if (target != ChannelPruningTarget.Bytes)
            {
                _others += Operator.Of(node).Macs(node);
            }
        }

        _losses = [.. groups.Select(g => g.Removable.Select(u => Losses(u, indices)).ToArray())];
        _total = Cost(new int[groups.Count]);
    }

    /// <summary>The share of the cost that is gone.</summary>
    /// <param name="counts">For each group, how many of its removable units are removed.</param>
    public double Saved(int[] counts) => _total == 0 ? 0 : 1 - (Cost(counts) / _total);

    private static List<(int Layer, int Outputs, int Inputs)> Losses(ChannelUnit unit, Dictionary<Node, int> indices)
    {
        SortedDictionary<int, (int Outputs, int Inputs)> found = [];
        foreach ((Value value, _) in unit.Channels)
        {
            if (value.Producer is { } writer && indices.TryGetValue(writer, out int w))
                found[w] = (found.GetValueOrDefault(w).Outputs + 1, found.GetValueOrDefault(w).Inputs);
            foreach (Node reader in value.Consumers.Distinct())
            {
                if (indices.TryGetValue(reader, out int r))
                    found[r] = (found.GetValueOrDefault(r).Outputs, found.GetValueOrDefault(r).Inputs + 1);
            }
        }

        return [.. found.Select(f => (f.Key, f.Value.Outputs, f.Value.Inputs))];
    }

    private double Cost(int[] counts)
    {
        int[] outputs = [.. _layers.Select(l => l.Outputs)], inputs = [.. _layers.Select(l => l.Inputs)];
        for (int g = 0; g < counts.Length; g++)
        {
            for (int u = 0; u < counts[g]; u++)
            {
                foreach ((int layer, int o, int i) in _losses[g][u]) (outputs[layer], inputs[layer]) =
                    (outputs[layer] - o, inputs[layer] - i);
            }
        }

        return _others + _layers.Select((l, i) => l.Cost(outputs[i], inputs[i])).Sum();
    }

    /// <summary>A layer's cost is <c>outputs · (weights of an output · PerWeight + PerOutput)</c>.</summary>
    private sealed record Layer(int Outputs, int Inputs, bool IsDense, int Taps, double PerWeight, double PerOutput)
    {
        public static Layer Of(Node node, ChannelPruningTarget target)
        {
            Tensor weight = node.Input(1).Constant!;
            int outputs = weight.Dims[0], inputs = weight.Dims[1];
            bool bytes = target == ChannelPruningTarget.Bytes;
            double perWeight = bytes ? sizeof(float) : (double)Operator.Of(node).Macs(node) / weight.Count;
            double perOutput = bytes && node.InputOrNull(2) is not null ? sizeof(float) : 0;
            return new(outputs, inputs, node.Int("group", 1) == 1, weight.Count / (outputs * inputs), perWeight, perOutput);
        }

        // A group that is left is as large as before.
        public double Cost(int outputs, int inputs) =>
            outputs * (((double)Taps * (IsDense ? inputs : Inputs) * PerWeight) + PerOutput);
    }
}
