using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;

namespace ModelOpt.Compiler.Training;

/// <summary>Whether the samples of a batch are computed independently of each other, so that a batch may be computed in parts.</summary>
internal static class SampleIndependence
{
    /// <summary>
    /// Whether every node maps each sample by itself, with samples along axis 0 of every value that depends on the inputs. Unknown cases
    /// count as no.
    /// </summary>
    public static bool Of(Graph graph, IReadOnlyList<Node> nodes)
    {
        if (graph.Inputs.Count == 0 || graph.Inputs[0].Shape is not { Rank: > 0 } first
            || first[0] is not { IsKnown: false, Symbol: not null } batch)
            return false;
        HashSet<Value> samples = [.. graph.Inputs];
        if (!graph.Inputs.All(IsBatch)) return false;
        foreach (Node node in nodes)
        {
            if (!node.Inputs.OfType<Value>().Any(samples.Contains)) continue;
            if (!IsIndependent(node, samples) || !node.Outputs.OfType<Value>().All(IsBatch)) return false;
            samples.UnionWith(node.Outputs.OfType<Value>());
        }

        return true;

        bool IsBatch(Value value) => value.Shape is { Rank: > 0 } shape && shape[0] == batch;
    }

    /// <summary>Whether samples, along axis 0 of what depends on the inputs, go their way from each of it to each output.</summary>
    private static bool IsIndependent(Node node, HashSet<Value> samples) => Operator.Of(node).Axes(node).Any(route =>
        Enumerable.Range(0, node.Inputs.Count).All(i => node.Inputs[i] is not { } v || !samples.Contains(v) || route.Keeps(false, i, 0))
        && Enumerable.Range(0, node.Outputs.Count).All(i => !node.HasOutput(i) || route.Keeps(true, i, 0)));
}
