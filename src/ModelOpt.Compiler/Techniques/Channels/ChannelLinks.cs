using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Techniques.Channels;

/// <summary>
/// Which channels can only be removed together: a union-find over (value, index along axis 1), as in dependency graphs of
/// structural pruning (Fang et al., "DepGraph", 2023). An operator that it cannot follow blocks the channels that it touches, with a
/// reason.
/// </summary>
internal sealed class ChannelLinks
{
    private readonly Dictionary<Value, int> _first = [];
    private readonly List<Value> _owners = [];
    private readonly int[] _parents;
    private readonly string?[] _reasons;

    /// <summary>Follows the channels of a graph through all its nodes.</summary>
    public ChannelLinks(Graph graph)
    {
        foreach (Value value in graph.Values.Where(v => !v.IsConstant))
        {
            if (value.Shape is not { Rank: >= 2 } shape || shape[1].Size is < 1 or > int.MaxValue) continue;
            _first[value] = _owners.Count;
            _owners.AddRange(Enumerable.Repeat(value, (int)shape[1].Size));
        }

        _parents = [.. Enumerable.Range(0, _owners.Count)];
        _reasons = new string?[_owners.Count];
        foreach (Value input in graph.Inputs) Block(input, $"its channels are those of the model's input '{input.Name}'");
        foreach (Node node in graph.Nodes) ChannelRules.Link(this, node);
        foreach (Node layer in SharedWeights.First(graph.Nodes.Where(ChannelRules.IsLayer))) LinkShared(layer);
        foreach (Value output in graph.Outputs) Block(output, $"its channels are those of the model's output '{output.Name}'");
    }

    /// <summary>The number of channels of a value; 0 where it has no channel axis, or one of unknown length.</summary>
    /// <param name="value">The value, not a constant.</param>
    public int Count(Value value) => _first.ContainsKey(value) ? (int)value.Shape![1].Size : 0;

    /// <summary>The representative of all channels that are removed together with this one.</summary>
    public int Root(Value value, int channel) => Root(_first[value] + channel);

    /// <summary>Why a channel cannot be removed; null where it can.</summary>
    /// <param name="root">What <see cref="Root(Value, int)"/> gave.</param>
    public string? ReasonOf(int root) => _reasons[root];

    /// <summary>Every channel of every value: its representative, the value and the index, in graph order.</summary>
    public IEnumerable<(int Root, Value Value, int Channel)> Channels =>
        _owners.Select((value, i) => (Root(i), value, i - _first[value]));

    /// <summary>Two channels are removed together.</summary>
    public void Join(Value a, int channelA, Value b, int channelB)
    {
        int x = Root(a, channelA), y = Root(b, channelB);
        if (x == y) return;
        (x, y) = (Math.Min(x, y), Math.Max(x, y));
        _parents[y] = x;
        _reasons[x] ??= _reasons[y];
    }

    /// <summary>Each channel of a value is removed together with the same one of another.</summary>
    public void Join(Value a, Value b)
    {
        for (int c = 0; c < Count(a); c++) Join(a, c, b, c);
    }

    /// <summary>The channels of a value stay.</summary>
    /// <param name="value">A value; nothing happens where it has no channels.</param>
    public void Block(Value value, string reason)
    {
        for (int c = 0; c < Count(value); c++) Block(value, c, reason);
    }

    /// <summary>A channel stays.</summary>
    public void Block(Value value, int channel, string reason) => _reasons[Root(value, channel)] ??= reason;

    /// <summary>Layers that multiply by one weight lose the same channels.</summary>
    private void LinkShared(Node layer)
    {
        foreach (Node other in SharedWeights.LayersOf(layer).Where(n => n != layer))
        {
            foreach ((Value a, Value b) in ((Value, Value)[])[(layer.Input(0), other.Input(0)), (layer.Output, other.Output)])
            {
                if (Count(a) == Count(b))
                {
                    Join(a, b);
                    continue;
                }

                Block(a, $"it shares its weight with '{other.Label}', whose channels cannot be followed");
                Block(b, $"it shares its weight with '{layer.Label}', whose channels cannot be followed");
            }
        }
    }

    private int Root(int channel)
    {
        while (_parents[channel] != channel) channel = _parents[channel] = _parents[_parents[channel]];
        return channel;
    }
}
