using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;

namespace ModelOpt.Compiler.Techniques.Quantize;

/// <summary>Which nodes run in int8, which activations are therefore quantized, and which of those share their parameters.</summary>
/// <remarks>
/// Nodes that compute are chosen first. Nodes that only move data join if a neighbour is quantized anyway, so that no value is rounded
/// for them alone. A mover's input and output form one group, and so do all inputs of a Concat.
/// </remarks>
internal sealed class QuantizationScheme
{
    private readonly Dictionary<Value, Value> _parents = [];
    private readonly List<Value> _order = [];

    private QuantizationScheme()
    {
    }

    /// <summary>The nodes that run in int8, in graph order; nodes fused into another are not among them.</summary>
    public List<Node> Nodes { get; } = [];

    /// <summary>Why a node that computes stays in float, by node.</summary>
    public Dictionary<Node, string> Reasons { get; } = [];

    /// <summary>The quantized activations in graph order.</summary>
    public IReadOnlyList<Value> Activations => _order;

    /// <summary>The quantized activations by group; within a group all have the same scale and zero point.</summary>
    public IEnumerable<IReadOnlyList<Value>> Groups => _order.GroupBy(Root).Select(g => g.ToList());

    /// <summary>Decides for a graph with shapes.</summary>
    /// <param name="exclude">Says why a node is to stay in float, or null where it may be quantized.</param>
    public static QuantizationScheme Of(Graph graph, Func<Node, string?> exclude)
    {
        QuantizationScheme scheme = new();
        HashSet<Node> fused = [.. graph.Nodes.Select(n => FusedActivation.Of(graph, n)).OfType<Node>()];
        List<Node> candidates = [];
        foreach (Node node in graph.Nodes.Where(n => !fused.Contains(n)))
        {
            string? reason = WhyFloat(node) ?? exclude(node);
            if (reason is null) candidates.Add(node);
            else if (!IntegerForm.IsMover(node) && TouchesFloat(node)) scheme.Reasons[node] = reason;
        }

        HashSet<Node> chosen = [.. candidates.Where(n => !IntegerForm.IsMover(n))];
        HashSet<Value> quantized = [.. chosen.SelectMany(n => DataOf(graph, n))];
        bool grown = true;
        while (grown)
        {
            grown = false;
            foreach (Node node in candidates.Where(n => !chosen.Contains(n)))
            {
                if (!DataOf(graph, node).Any(quantized.Contains)) continue;
                chosen.Add(node);
                quantized.UnionWith(DataOf(graph, node));
                grown = true;
            }
        }

        scheme.Nodes.AddRange(candidates.Where(chosen.Contains));
        scheme._order.AddRange(graph.Values.Where(quantized.Contains));
        foreach (Value value in scheme._order) scheme._parents[value] = value;
        foreach (Node node in scheme.Nodes.Where(IntegerForm.JoinsGrids)) scheme.Join(DataOf(graph, node));
        // What the output gives is the input of the next call: on one grid it is not rounded again.
        foreach (StatePair state in graph.States)
        {
            List<Value> ends = [.. scheme._order.Where(v => IsEnd(graph, v, state))];
            if (ends.Count == 2) scheme.Join(ends);
        }

        return scheme;
    }

    /// <summary>The float activations that a node reads, and the one it writes (behind a fused activation).</summary>
    /// <param name="node">A node that can run in int8.</param>
    public static List<Value> DataOf(Graph graph, Node node) =>
        [.. IntegerForm.Data(node).Where(v => !v.IsConstant), .. IntegerForm.Results(graph, node)];

    private static bool IsEnd(Graph graph, Value value, StatePair state) =>
        (value.Name == state.Output && graph.IsOutput(value)) || (value.Name == state.Input && graph.Inputs.Contains(value));

    private static bool TouchesFloat(Node node) =>
        node.Outputs.OfType<Value>().Any(v => v.Type == ElementType.Float32);

    private static string? WhyFloat(Node node) =>
        IntegerForm.WhyNot(node) ?? (IntegerForm.Data(node).All(v => v.IsConstant) && !IsTable(node) ? "it reads no activation" : null);

    /// <summary>Whether a node moves those parts of a constant that the caller names, such as embeddings of words.</summary>
    private static bool IsTable(Node node) => IntegerForm.IsMover(node) && node.Inputs.Any(v => v is { IsConstant: false });

    private void Join(List<Value> values)
    {
        for (int i = 1; i < values.Count; i++)
        {
            Value a = Root(values[0]), b = Root(values[i]);
            if (a != b) _parents[b] = a;
        }
    }

    private Value Root(Value value)
    {
        while (_parents[value] != value) value = _parents[value];
        return value;
    }
}
