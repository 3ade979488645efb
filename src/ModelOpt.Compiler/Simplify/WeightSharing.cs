using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Simplify;

/// <summary>
/// Lets layers share weights that are equal, and gives those that cannot be treated alike (other options, another kind of layer, a
/// reader that is no layer) a weight of their own, so that whoever changes a shared weight later changes it for all.
/// </summary>
internal sealed class WeightSharing : Pass
{
    public override PassPhase Phase => PassPhase.Prepare;

    public override PassResult Apply(Graph graph, PassContext context)
    {
        int changes = SharedWeights.Merge(graph);
        Value[] shared = [.. graph.Nodes.Where(SharedWeights.IsLayer).Select(n => n.Input(1)).Distinct().Where(v => v.Consumers.Count > 1)];
        Dictionary<Node, int> order = graph.Nodes.Select((n, i) => (n, i)).ToDictionary(p => p.n, p => p.i);
        foreach (Value weight in shared)
        {
            var kinds = weight.Consumers.Distinct().OrderBy(n => order[n]).GroupBy(n => KindOf(n, weight, context)).ToList();
            // The first kind of layer keeps it.
            foreach (var kind in kinds.Where(k => k.Key is not null).Skip(kinds.Exists(k => k.Key is null) ? 0 : 1))
            {
                Value own = graph.AddConstant(weight.Name, weight.Constant!);
                own.Constraints = weight.Constraints;
                foreach (Node layer in kind) layer.SetInput(1, own);
                changes++;
            }
        }

        return PassResult.Of(changes);
    }

    /// <summary>What layers that share a weight have in common; null for a reader that does more than multiply by it.</summary>
    private static (string Type, long Groups, bool IsCanonical, LayerOptions Options)? KindOf(Node node, Value weight,
        PassContext context) =>
        !SharedWeights.IsLayer(node) || node.Inputs.Where((v, i) => v == weight && i != 1).Any() ? null
        : (node.Type, node.Int("group", 1), node.Type != "Gemm" || GemmCanonicalization.IsCanonical(node), context.OptionsOf(node));
}
