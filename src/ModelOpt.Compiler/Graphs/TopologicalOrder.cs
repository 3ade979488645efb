using ModelOpt.Compiler.Diagnostics;

namespace ModelOpt.Compiler.Graphs;

/// <summary>Puts nodes after those that they depend on.</summary>
internal static class TopologicalOrder
{
    /// <summary>The nodes in topological order; of those that could come next the earliest does, so a sorted list stays as it is.</summary>
    /// <exception cref="CompilationException">They have a cycle.</exception>
    public static IReadOnlyList<Node> Sort(IReadOnlyList<Node> nodes)
    {
        var index = new Dictionary<Node, int>(nodes.Count);
        for (int i = 0; i < nodes.Count; i++) index[nodes[i]] = i;
        var waiting = new int[nodes.Count];
        var ready = new PriorityQueue<int, int>();
        for (int i = 0; i < nodes.Count; i++)
        {
            waiting[i] = nodes[i].Inputs.Count(v => v?.Producer is { } p && index.ContainsKey(p));
            if (waiting[i] == 0) ready.Enqueue(i, i);
        }

        var sorted = new List<Node>(nodes.Count);
        while (ready.TryDequeue(out int next, out _))
        {
            sorted.Add(nodes[next]);
            // A consumer that reads a value twice stands among its consumers twice, as it is counted above.
            foreach (Node consumer in nodes[next].Outputs.SelectMany(v => v?.Consumers ?? []))
            {
                if (index.TryGetValue(consumer, out int i) && --waiting[i] == 0) ready.Enqueue(i, i);
            }
        }

        return sorted.Count == nodes.Count ? sorted
            : throw OnnxDiagnostics.Cycle.Error(OnCycle(nodes, waiting, index).Label);
    }

    /// <summary>A node on a cycle: going against the edges among the nodes that are left, one is met again.</summary>
    private static Node OnCycle(IReadOnlyList<Node> nodes, int[] waiting, Dictionary<Node, int> index)
    {
        Node node = nodes[Array.FindIndex(waiting, w => w > 0)];
        var met = new HashSet<Node>();
        while (met.Add(node))
            node = node.Inputs.Select(v => v?.Producer).First(p => p is not null && index.TryGetValue(p, out int i) && waiting[i] > 0)!;
        return node;
    }
}
