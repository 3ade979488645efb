using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators;

namespace ModelOpt.Compiler.Training;

/// <summary>A node of a <see cref="TapePlan"/>; values are slots, −1 where one is omitted.</summary>
/// <param name="Node">The node.</param>
/// <param name="Operator">Its operator.</param>
/// <param name="Inputs">What it reads.</param>
/// <param name="Outputs">What it computes.</param>
/// <param name="Asked">Which inputs' gradients are of use.</param>
/// <param name="IsDifferentiated">Whether any is, and there is a way to it.</param>
/// <param name="Statistics">The operator, where it looks at the whole batch; or null.</param>
internal sealed record TapeNode(
    Node Node, Operator Operator, int[] Inputs, int[] Outputs, bool[] Asked, bool IsDifferentiated, IBatchStatistics? Statistics);

/// <summary>What is run forward and back: the nodes that chosen values need, and where in arrays their values stand.</summary>
internal sealed class TapePlan
{
    private readonly Dictionary<Value, int> slots = [];
    private readonly List<Value> values = [];

    /// <summary>Makes the plan.</summary>
    /// <param name="graph">The graph, sorted.</param>
    /// <param name="outputs">The values to compute and differentiate.</param>
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
        Inputs = [.. graph.Inputs.Select(Slot)];
        Nodes = [.. nodes.Select(Plan)];
        Outputs = [.. outputs.Select(Slot)];
        IsDivisible = SampleIndependence.Of(graph, nodes);

        TapeNode Plan(Node node)
        {
            Operator op = Operator.Of(node);
            bool[] asked = [.. node.Inputs.Select(v => v is not null && wanted.Contains(v))];
            return new TapeNode(
                node, op, [.. node.Inputs.Select(Slot)], [.. node.Outputs.Select(Slot)], asked,
                op is IDifferentiable && asked.Contains(true), batchStatistics ? op as IBatchStatistics : null);
        }
    }

    /// <summary>The nodes, in order.</summary>
    public TapeNode[] Nodes { get; }

    /// <summary>All values that are read or computed, by slot.</summary>
    public IReadOnlyList<Value> Values => values;

    /// <summary>The graph's inputs.</summary>
    public int[] Inputs { get; }

    /// <summary>The values that are differentiated.</summary>
    public int[] Outputs { get; }

    /// <summary>Whether samples are computed independently of each other, but for <see cref="TapeNode.Statistics"/>.</summary>
    public bool IsDivisible { get; }

    /// <summary>The slot of a value, which gets one; −1 for none.</summary>
    /// <param name="value">The value.</param>
    public int Slot(Value? value)
    {
        if (value is null) return -1;
        if (slots.TryGetValue(value, out int slot)) return slot;
        slots.Add(value, values.Count);
        values.Add(value);
        return values.Count - 1;
    }
}
