using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Techniques.Quantize;

/// <summary>Activations whose channels can only be scaled together, with the layers that write and read them.</summary>
/// <param name="Values">The activations, channel axis 1.</param>
/// <param name="Writers">The layers whose output channels these are.</param>
/// <param name="Readers">The layers whose input channels these are.</param>
internal sealed record EqualizationGroup(List<Value> Values, List<Node> Writers, List<Node> Readers);

/// <summary>
/// Finds the activations between layers through which a positive factor per channel passes unchanged: a Relu, a pooling,
/// an Add of two such activations. Whatever else touches an activation (a Relu6, a Concat, the caller) blocks its group.
/// </summary>
internal static class EqualizationGroups
{
    /// <summary>The groups that can be scaled, in graph order.</summary>
    public static List<EqualizationGroup> Find(Graph graph)
    {
        Dictionary<Value, Value> parents = [];
        HashSet<Value> blocked = [.. graph.Inputs, .. graph.Outputs];
        List<(Value Value, Node Layer)> writers = [], readers = [];
        foreach (Node node in graph.Nodes)
        {
            Value[] data = [.. node.Inputs.Concat(node.Outputs).OfType<Value>().Where(v => !v.IsConstant)];
            if (IsLayer(node))
            {
                readers.Add((node.Input(0), node));
                writers.Add((node.Output, node));
            }
            else if (PassesScale(node, data))
            {
                foreach (Value value in data.Skip(1)) Join(data[0], value);
            }
            else
            {
                blocked.UnionWith(data);
            }
        }

        List<EqualizationGroup> groups = [];
        foreach (var group in graph.Values.Where(v => !v.IsConstant).GroupBy(Root))
        {
            if (group.Any(blocked.Contains)) continue;
            HashSet<Value> members = [.. group];
            EqualizationGroup found = new([.. group], LayersOf(writers, members), LayersOf(readers, members));
            if (found.Writers.Count > 0 && found.Readers.Count > 0) groups.Add(found);
        }

        return groups;

        Value Root(Value value)
        {
            while (parents.TryGetValue(value, out Value? parent)) value = parent;
            return value;
        }

        void Join(Value a, Value b)
        {
            (a, b) = (Root(a), Root(b));
            if (a != b) parents[b] = a;
        }
    }

    private static List<Node> LayersOf(List<(Value Value, Node Layer)> links, HashSet<Value> members) =>
        [.. links.Where(l => members.Contains(l.Value)).Select(l => l.Layer)];

    private static bool IsLayer(Node node) =>
        OutputAffine.IsLayer(node) && node.Input(1).Consumers.Count == 1 && node.InputOrNull(2) is null or { Consumers.Count: 1 };

    /// <summary>Whether a factor of a channel of all that the node reads becomes one of the same channel of what it writes.</summary>
    private static bool PassesScale(Node node, Value[] data)
    {
        if (!Operator.Of(node).Traits(node).HasFlag(OperatorTraits.Homogeneous)) return false;
        if (node.Inputs.All(i => i is null or { IsConstant: true })) return false;
        if (!Array.TrueForAll(data, v => v.Shape is { Rank: >= 2 } shape && AxisRoutes.IsSame(shape[1], data[0].Shape![1]))) return false;
        return Operator.Of(node).Axes(node).Any(route =>
            Enumerable.Range(0, node.Inputs.Count).All(i => node.InputOrNull(i) is not { IsConstant: false } || route.Keeps(false, i, 1))
            && Enumerable.Range(0, node.Outputs.Count).All(i => !node.HasOutput(i) || route.Keeps(true, i, 1)));
    }
}
