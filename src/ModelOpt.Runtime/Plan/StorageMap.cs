using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Plan;

/// <summary>
/// Where tensors live. The result of a node that keeps all bytes in their order (RESHAPE, SQUEEZE, EXPAND_DIMS) shares the
/// memory of its input, and the node is not executed.
/// </summary>
internal sealed class StorageMap
{
    private readonly Graph _graph;
    private readonly Dictionary<Tensor, Tensor> _aliasOf = [];
    private readonly HashSet<Node> _elided = [];
    private readonly Dictionary<Tensor, Operand> _operands = [];

    public StorageMap(Graph graph)
    {
        _graph = graph;
        foreach (Node node in graph.Nodes)
        {
            if (!KeepsBytes(node))
                continue;
            _elided.Add(node);
            _aliasOf[node.Output] = Root(node.Input(0));
        }
    }

    public bool IsElided(Node node) => _elided.Contains(node);

    /// <summary>Lays out the arena for the nodes that are executed, in order, and returns its size.</summary>
    /// <param name="nodes">In the order of their execution.</param>
    /// <param name="ofCaller">The inputs of the graph that are read in the caller's memory.</param>
    public int Place(IReadOnlyList<Node> nodes, IReadOnlySet<Tensor> ofCaller)
    {
        var tensors = new List<Tensor>();
        var lifetimes = new Dictionary<Tensor, (int First, int Last)>();
        foreach (Tensor input in ofCaller)
            _operands[input] = Kernels.Operand.OfCaller(input.Bytes);
        foreach (Tensor input in _graph.Inputs)
            Touch(input, 0);
        for (int step = 0; step < nodes.Count; step++)
        {
            foreach (Tensor output in nodes[step].Outputs)
                Touch(output, step);
            foreach (Tensor? input in nodes[step].Inputs)
            {
                if (input is not null)
                    Touch(input, step);
            }
        }
        foreach (Tensor output in _graph.Outputs)
            Touch(output, nodes.Count);

        var blocks = tensors.ConvertAll(t => new ArenaBlock(t.Bytes, lifetimes[t].First, lifetimes[t].Last));
        (int[] offsets, int size) = ArenaLayout.Place(blocks);
        for (int i = 0; i < tensors.Count; i++)
            _operands[tensors[i]] = Kernels.Operand.InArena(offsets[i], tensors[i].Bytes);
        return size;

        void Touch(Tensor tensor, int step)
        {
            Tensor root = Root(tensor);
            if (root.IsConstant || ofCaller.Contains(root))
                return;
            if (lifetimes.TryGetValue(root, out var lifetime))
            {
                lifetimes[root] = (lifetime.First, Math.Max(lifetime.Last, step));
                return;
            }
            lifetimes[root] = (step, step);
            tensors.Add(root);
        }
    }

    public Operand Operand(Tensor tensor)
    {
        Tensor root = Root(tensor);
        return root.Data is { } data ? Kernels.Operand.Constant(data) : _operands[root];
    }

    /// <summary>
    /// For each input of the graph, the number of the only step that reads it, if that reads nothing else and may find it
    /// anywhere; −1 for other inputs.
    /// </summary>
    public int[] InputSteps(IReadOnlyList<(Node Node, Kernel Kernel)> steps)
    {
        ILookup<Tensor, int> readers = steps
            .SelectMany((step, i) => step.Node.Inputs.OfType<Tensor>().Select(input => (Root: Root(input), Step: i)))
            .ToLookup(read => read.Root, read => read.Step);
        return Array.ConvertAll(_graph.Inputs, input =>
            _graph.Inputs.Count(t => t == input) == 1 && !_graph.Outputs.Any(output => Root(output) == input)
                && readers[input].ToArray() is [int step] && steps[step].Kernel.ReadsAnywhere && steps[step].Node.Inputs.Length == 1
                ? step
                : -1);
    }

    private Tensor Root(Tensor tensor) => _aliasOf.GetValueOrDefault(tensor, tensor);

    public static bool KeepsBytes(Node node)
    {
        if (node.Operator is not (BuiltinOperator.Reshape or BuiltinOperator.Squeeze or BuiltinOperator.ExpandDims))
            return false;
        Tensor input = node.Input(0);
        node.Require(
            input.Type == node.Output.Type && input.Elements == node.Output.Elements,
            $"the input has {input.Elements} elements of {input.Type}, the output {node.Output.Elements} of {node.Output.Type}");
        return true;
    }
}
