namespace ModelOpt.Runtime.Plan;

/// <summary>Decides whether a batch of any size can be run sample by sample.</summary>
internal static class BatchRule
{
    public static bool AllowsAnyBatch(Graph graph)
    {
        _ = graph;
        return false;
    }
}
