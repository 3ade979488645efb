using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;

namespace ModelOpt.Compiler.Training;

/// <summary>A node of a <see cref="TapePlan"/>; values are slots, −1 where one is omitted.</summary>
/// <param name="Asked">Which inputs' gradients are of use.</param>
/// <param name="IsDifferentiated">Whether any is, and there is a way to it.</param>
/// <param name="Statistics">The operator, where it looks at the whole batch; or null.</param>
/// <param name="Ended">The values that the forward pass no longer needs after it.</param>
/// <param name="Dropped">Of these, what is not looked at on the way back either.</param>
internal sealed record TapeNode(
    Node Node, Operator Operator, int[] Inputs, int[] Outputs, bool[] Asked, bool IsDifferentiated, IBatchStatistics? Statistics,
    int[] Ended,
    int[] Dropped);

/// <summary>The nodes to run forward and backward for chosen values, and the slots of their values.</summary>
internal sealed class TapePlan
{
    private readonly Dictionary<Value, int> _slots = [];
    private readonly List<Value> _values = [];

    /// <summary>Makes the plan.</summary>
    /// <param name="wanted">The values whose gradients are of use.</param>
    /// <param name="batchStatistics">Whether operators normalize by statistics of the batch.</param>
    public TapePlan(Graph graph, IReadOnlyList<Value> outputs, HashSet<Value> wanted, bool batchStatistics)
    {
        HashSet<Value> needed = [.. outputs];
        List<Node> nodes = [];
        foreach (Node node in graph.Nodes.Reverse())
        {
            if (!node.Outputs.OfType<Value>().Any(needed.Contains)) continue;
            nodes.Add(node);
            needed.UnionWith(node.Inputs.OfType<Value>());
        }

        nodes.Reverse();
        Dictionary<Value, Node> lastReaders = [];
        foreach (Node node in nodes)
        {
            foreach (Value value in node.Inputs.OfType<Value>().Where(v => !v.IsConstant && !outputs.Contains(v)))
                lastReaders[value] = node;
        }

        ILookup<Node, Value> ended = lastReaders.ToLookup(p => p.Value, p => p.Key);
        Inputs = [.. graph.Inputs.Select(Slot)];
        Nodes = [.. nodes.Select(Plan)];
        Outputs = [.. outputs.Select(Slot)];
        IsDivisible = SampleIndependence.Of(graph, nodes);
        bool isClosed = graph.Inputs.Exists(i => i.Shape is { Rank: > 0, IsBatchOpen: false });
        TakesOne = isClosed && graph.Inputs.Concat(outputs).All(v => v.Shape is { Rank: > 0 } shape && shape[0] == 1);
        IsAlone = isClosed && !TakesOne;

        TapeNode Plan(Node node)
        {
            Operator op = Operator.Of(node);
            bool[] asked = [.. node.Inputs.Select(v => v is not null && wanted.Contains(v))];
            return new TapeNode(
                node, op, [.. node.Inputs.Select(Slot)], [.. node.Outputs.Select(Slot)], asked,
                Differentiated(node) is not null, batchStatistics ? op as IBatchStatistics : null, [.. ended[node].Select(v => Slot(v))],
                [.. ended[node].Where(v => Differentiated(v.Producer) is not { ReadsOutputs: true }
                    && !v.Consumers.Any(n => Differentiated(n) is { ReadsInputs: true })).Select(v => Slot(v))]);
        }

        IDifferentiable? Differentiated(Node? node) =>
            node is not null && Operator.Of(node) is IDifferentiable op
            && node.Inputs.Any(v => v is not null && wanted.Contains(v)) ? op : null;
    }

    /// <summary>The nodes, in order.</summary>
    public TapeNode[] Nodes { get; }

    /// <summary>All values that are read or computed, by slot.</summary>
    public IReadOnlyList<Value> Values => _values;

    /// <summary>The graph's inputs.</summary>
    public int[] Inputs { get; }

    /// <summary>The values that are differentiated.</summary>
    public int[] Outputs { get; }

    /// <summary>Whether samples are computed independently of each other, but for <see cref="TapeNode.Statistics"/>.</summary>
    public bool IsDivisible { get; }

    /// <summary>Whether the graph takes one sample at a time, so that several are as many runs.</summary>
    public bool TakesOne { get; }

    /// <summary>Whether it does, and results of several runs cannot be joined.</summary>
    public bool IsAlone { get; }

    /// <summary>The first node from one on that looks at the whole batch; the number of nodes if none does.</summary>
    public int NextStatistics(int node)
    {
        while (node < Nodes.Length && Nodes[node].Statistics is null) node++;
        return node;
    }

    /// <summary>The node behind the last one before <paramref name="node"/> that looks at the whole batch; 0 if none does.</summary>
    public int BehindStatistics(int node)
    {
        while (node > 0 && Nodes[node - 1].Statistics is null) node--;
        return node;
    }

    /// <summary>The slot of a value, which gets one; −1 for none.</summary>
    public int Slot(Value? value)
    {
        if (value is null) return -1;
        if (_slots.TryGetValue(value, out int slot)) return slot;
        _slots.Add(value, _values.Count);
        _values.Add(value);
        return _values.Count - 1;
    }
}
