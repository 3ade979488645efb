namespace ModelOpt.Runtime.Model;

/// <summary>A subgraph in execution order.</summary>
internal sealed class Graph(List<Node> nodes, Tensor[] inputs, Tensor[] outputs, long fileBytes)
{
    public List<Node> Nodes { get; set; } = nodes;

    /// <summary>
    /// Bytes that may be allocated for values derived from constants. It follows the size of the file, so that a small
    /// file which uses one constant many times cannot ask for much memory.
    /// </summary>
    public long ConstantBudget { get; } = (1 << 26) + (16 * fileBytes);

    public Tensor[] Inputs => inputs;

    public Tensor[] Outputs => outputs;

    /// <summary>The number of uses of each tensor, an output of the graph being one more use.</summary>
    public Dictionary<Tensor, int> CountUses()
    {
        var uses = new Dictionary<Tensor, int>();
        foreach (Node node in Nodes)
            Count(node.Inputs);
        Count(outputs);
        return uses;

        void Count(Tensor?[] tensors)
        {
            foreach (Tensor? tensor in tensors)
            {
                if (tensor is not null)
                    uses[tensor] = uses.TryGetValue(tensor, out int count) ? count + 1 : 1;
            }
        }
    }

    /// <summary>The node that computes each tensor.</summary>
    public Dictionary<Tensor, Node> Producers()
    {
        var producers = new Dictionary<Tensor, Node>();
        foreach (Node node in Nodes)
        {
            foreach (Tensor output in node.Outputs)
                producers[output] = node;
        }
        return producers;
    }
}
