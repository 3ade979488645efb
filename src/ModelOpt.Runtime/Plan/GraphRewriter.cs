using ModelOpt.Runtime.Model;

namespace ModelOpt.Runtime.Plan;

/// <summary>Runs the passes that fold nodes of a graph into their neighbours or into constants.</summary>
internal static class GraphRewriter
{
    public static void Rewrite(Graph graph)
    {
        PadFolding.Apply(graph);
        ActivationFolding.Apply(graph);
        PreprocessingFolding.Apply(graph);
        InterleaveFolding.Apply(graph);
        TableFolding.Apply(graph);
        RemoveUnused(graph);
    }

    /// <summary>Removes nodes without used outputs.</summary>
    private static void RemoveUnused(Graph graph)
    {
        var used = new HashSet<Tensor>(graph.Outputs);
        var kept = new List<Node>(graph.Nodes.Count);
        for (int i = graph.Nodes.Count - 1; i >= 0; i--)
        {
            Node node = graph.Nodes[i];
            if (!Array.Exists(node.Outputs, used.Contains))
                continue;
            kept.Add(node);
            foreach (Tensor? input in node.Inputs)
            {
                if (input is not null)
                    used.Add(input);
            }
        }
        kept.Reverse();
        graph.Nodes = kept;
    }
}
