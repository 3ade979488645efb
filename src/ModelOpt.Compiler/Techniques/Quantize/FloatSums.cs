using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Techniques.Quantize;

/// <summary>
/// Finds sums that only normalizations read, or sums that only they read: the residual stream of a transformer. Its few wide channels
/// would take all steps of a grid, and a normalization computes in float anyway, so these sums do so too.
/// </summary>
internal static class FloatSums
{
    /// <summary>Why a node is left in float.</summary>
    public const string Reason = "it sums what a normalization reads in float";

    private static readonly HashSet<string> Normalizations = new(StringComparer.Ordinal)
    {
        "LayerNormalization", "RMSNormalization", "GroupNormalization", "InstanceNormalization", "MeanVarianceNormalization",
        "LpNormalization",
    };

    /// <summary>Finds them, and the factors and movers between them.</summary>
    public static HashSet<Node> Find(Graph graph)
    {
        HashSet<Node> found = [];
        foreach (Node node in graph.Nodes.Reverse())
        {
            if ((IsSum(node) || IntegerForm.JoinsGrids(node)) && node.Outputs.OfType<Value>().All(v => OnlyRead(graph, v, found)))
                found.Add(node);
        }

        // What brings a layer's int8 result to a sum moves it in int8.
        foreach (Node node in graph.Nodes)
        {
            bool isReached = IsSum(node) || IntegerForm.Data(node).Any(v => v.Producer is { } producer && found.Contains(producer));
            if (!isReached) found.Remove(node);
        }

        return found;
    }

    /// <summary>Whether the only readers of a value are normalizations and nodes that were found.</summary>
    private static bool OnlyRead(Graph graph, Value value, HashSet<Node> found) => value.Type == ElementType.Float32
        && !graph.IsOutput(value) && value.Consumers.Count > 0
        && value.Consumers.All(c => found.Contains(c) || (Normalizations.Contains(c.Type) && c.Input(0) == value));

    private static bool IsSum(Node node) => Operator.Of(node).Traits(node).HasFlag(OperatorTraits.Adds)
        || (node.Type == "Mul" && node.Inputs.Any(v => v is { IsConstant: true }));
}
