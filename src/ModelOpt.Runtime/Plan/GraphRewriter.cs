namespace ModelOpt.Runtime.Plan;

/// <summary>Runs the passes that fold nodes of a graph into their neighbours.</summary>
internal static class GraphRewriter
{
    public static void Rewrite(Graph graph)
    {
        _ = graph;
    }
}
