using ModelOpt.Runtime.Model;

namespace ModelOpt.Runtime.Plan;

/// <summary>
/// Decides whether a batch of any size can be run sample by sample: the file marks the first dimension of every input as
/// variable, it is 1 in all tensors that depend on an input, and all operators keep samples apart. Where the file says of a tensor
/// within which sizes vary, its first must be one of those; and what is the same for all samples must not be as many as they are, such as
/// a mask that was made for the number of samples.
/// </summary>
internal static class BatchRule
{
    public static bool AllowsAnyBatch(Graph graph)
    {
        if (graph.Inputs.Length == 0 || Array.Exists(graph.Inputs, t => !t.HasDynamicBatch || !HasUnitBatch(t)))
            return false;
        var batched = new HashSet<Tensor>(graph.Inputs);
        foreach (Node node in graph.Nodes)
        {
            if (!Array.Exists(node.Inputs, t => t is not null && batched.Contains(t)))
                continue;
            if (!Array.TrueForAll(node.Outputs, HasUnitBatch) || !Array.TrueForAll(node.Inputs, t => IsOfAll(t, node.Output.Rank, batched))
                || !OperatorKernels.Of(node).KeepsSamplesApart(node, batched))
                return false;
            batched.UnionWith(node.Outputs);
        }
        return Array.TrueForAll(graph.Outputs, batched.Contains);
    }

    private static bool HasUnitBatch(Tensor tensor) =>
        tensor.Rank > 0 && tensor.Shape[0] == 1 && (tensor.Signature is not [var first, ..] || first == -1);

    private static bool IsOfAll(Tensor? tensor, int rank, HashSet<Tensor> batched) =>
        tensor is null || batched.Contains(tensor) || tensor.Rank != rank || tensor.Signature is not [-1, ..];
}
