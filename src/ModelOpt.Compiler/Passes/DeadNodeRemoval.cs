using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Passes;

/// <summary>Removes nodes that no output depends on.</summary>
internal sealed class DeadNodeRemoval : Pass
{
    /// <inheritdoc/>
    public override PassPhase Phase => PassPhase.Simplify;

    /// <inheritdoc/>
    public override PassResult Apply(Graph graph, PassContext context)
    {
        HashSet<Value> outputs = [.. graph.Outputs];
        int changes = 0;
        for (int i = graph.Nodes.Count - 1; i >= 0; i--)
        {
            Node node = graph.Nodes[i];
            if (node.Outputs.Any(o => o is not null && (o.Consumers.Count > 0 || outputs.Contains(o)))) continue;
            graph.Remove(node);
            changes++;
        }

        return PassResult.Of(changes);
    }
}
