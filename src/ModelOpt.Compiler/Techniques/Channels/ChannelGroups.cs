using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Techniques.Channels;

/// <summary>Channels of one or several values that are removed together or not at all.</summary>
/// <param name="channels">The values and their channels, in graph order.</param>
internal sealed class ChannelUnit(IReadOnlyList<(Value Value, int Channel)> channels)
{
    /// <summary>The values and their channels, in graph order.</summary>
    public IReadOnlyList<(Value Value, int Channel)> Channels => channels;
}

/// <summary>Channels that one or several layers write; any choice of its units can be removed.</summary>
/// <param name="Layers">The layers whose output channels these are, in graph order.</param>
/// <param name="Units">What can be removed, in graph order.</param>
/// <param name="Fixed">How many further units there are, which must stay.</param>
internal sealed record ChannelGroup(IReadOnlyList<Node> Layers, IReadOnlyList<ChannelUnit> Units, int Fixed)
{
    /// <summary>All units, those included that must stay.</summary>
    public int Width => Units.Count + Fixed;
}

/// <summary>Finds the groups of channels of a graph, and says of every other layer why its channels stay.</summary>
internal static class ChannelGroups
{
    /// <summary>Finds them.</summary>
    /// <returns>The groups in graph order, and a note for each layer none of whose channels can be removed.</returns>
    public static (IReadOnlyList<ChannelGroup> Groups, IReadOnlyList<PassNote> Notes) Find(Graph graph)
    {
        ChannelLinks links = new(graph);
        Dictionary<int, List<(Value, int)>> units = [];
        foreach ((int root, Value value, int channel) in links.Channels)
        {
            if (!units.TryGetValue(root, out List<(Value, int)>? unit)) units[root] = unit = [];
            unit.Add((value, channel));
        }

        Node[] layers = [.. graph.Nodes.Where(ChannelRules.IsLayer)];
        Dictionary<int, int> groupOf = Connect(links, layers);
        Dictionary<int, List<Node>> writers = [];
        List<PassNote> notes = [];
        foreach (Node layer in layers)
        {
            int[] roots = [.. Roots(links, layer)];
            if (Array.TrueForAll(roots, r => links.ReasonOf(r) is not null)) notes.Add(new(layer, links.ReasonOf(roots[0])!));
            if (!writers.TryGetValue(groupOf[roots[0]], out List<Node>? list)) writers[groupOf[roots[0]]] = list = [];
            list.Add(layer);
        }

        List<ChannelGroup> groups = [];
        foreach ((int group, List<Node> members) in writers)
        {
            int[] roots = [.. members.SelectMany(l => Roots(links, l)).Distinct().Order()];
            ChannelUnit[] free = [.. roots.Where(r => links.ReasonOf(r) is null).Select(r => new ChannelUnit(units[r]))];
            if (free.Length > 0) groups.Add(new ChannelGroup(members, free, roots.Length - free.Length));
        }

        return (groups, notes);
    }

    /// <summary>Units between which a choice is made: those that one layer writes. By root, a representative.</summary>
    private static Dictionary<int, int> Connect(ChannelLinks links, Node[] layers)
    {
        Dictionary<int, int> parents = [];
        foreach (Node layer in layers)
        {
            int? first = null;
            foreach (int root in Roots(links, layer))
            {
                int representative = Find(root);
                if (first is { } other && Find(other) != representative) parents[representative] = Find(other);
                first ??= root;
            }
        }

        return parents.Keys.ToDictionary(r => r, Find);

        int Find(int unit)
        {
            if (!parents.TryGetValue(unit, out int parent)) return parents[unit] = unit;
            return parent == unit ? unit : parents[unit] = Find(parent);
        }
    }

    private static IEnumerable<int> Roots(ChannelLinks links, Node layer) =>
        Enumerable.Range(0, links.Count(layer.Output)).Select(c => links.Root(layer.Output, c)).Distinct();
}
