using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;

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

    /// <summary>The places that <see cref="Place"/> assigned.</summary>
    public IReadOnlyCollection<ArenaBlock> Blocks { get; private set; } = [];

    /// <summary>Lays out the arena for the steps, and returns its size.</summary>
    /// <param name="steps">In the order of their execution.</param>
    /// <param name="ofCaller">The inputs of the graph that are read in the caller's memory, each by one of the first steps.</param>
    public int Place(List<Step> steps, HashSet<Tensor> ofCaller)
    {
        var blocks = new Dictionary<Tensor, ArenaBlock>();
        // Inputs are set in any order: until all are, the copy or result of one must stay, even if nobody reads it.
        int onInput = ofCaller.Count;
        foreach (Tensor input in _graph.Inputs)
        {
            Touch(input, 0);
            Touch(input, onInput);
        }
        for (int step = 0; step < steps.Count; step++)
        {
            foreach (Tensor output in steps[step].Node.Outputs)
            {
                Touch(output, step < onInput ? 0 : step);
                if (step < onInput)
                    Touch(output, onInput);
            }
            foreach (Tensor? input in steps[step].Node.Inputs)
            {
                if (input is not null)
                    Touch(input, step);
            }
        }
        foreach (Tensor output in _graph.Outputs)
            Touch(output, steps.Count);

        Blocks = blocks.Values;
        int size = ArenaLayout.Place(Blocks);
        foreach (KeyValuePair<Tensor, ArenaBlock> placed in blocks)
            _operands[placed.Key] = Kernels.Contract.Operand.InArena(placed.Value.Offset, placed.Key.Bytes);
        foreach (Tensor input in ofCaller)
            _operands[input] = Kernels.Contract.Operand.OfCaller(input.Bytes);
        return size;

        void Touch(Tensor tensor, int step)
        {
            Tensor root = Root(tensor);
            if (root.IsConstant || ofCaller.Contains(root))
                return;
            if (blocks.TryGetValue(root, out ArenaBlock? block))
                block.LastStep = Math.Max(block.LastStep, step);
            else
                blocks.Add(root, new ArenaBlock(root.Bytes, step, step));
        }
    }

    /// <summary>The places of tensors; <see cref="Kernels.Contract.Operand.None"/> for those that are absent.</summary>
    public Operand[] Operands(Tensor?[] tensors)
    {
        var operands = new Operand[tensors.Length];
        for (int i = 0; i < tensors.Length; i++)
            operands[i] = tensors[i] is { } tensor ? Operand(tensor) : Kernels.Contract.Operand.None;
        return operands;
    }

    /// <summary>
    /// For each input of the graph the only step that reads it, if that reads nothing else and may find it anywhere; null for
    /// other inputs.
    /// </summary>
    public Step?[] InputSteps(List<Step> steps)
    {
        var uses = new Dictionary<Tensor, int>();
        var readers = new Dictionary<Tensor, Step>();
        foreach (Tensor input in _graph.Inputs)
            Count(input);
        foreach (Tensor output in _graph.Outputs)
            Count(output);
        foreach (Step step in steps)
        {
            foreach (Tensor? input in step.Node.Inputs)
            {
                if (input is null)
                    continue;
                Count(input);
                readers[Root(input)] = step;
            }
        }

        // One use is the input itself.
        return Array.ConvertAll(_graph.Inputs, input =>
            uses[Root(input)] == 2 && readers.TryGetValue(input, out Step? reader)
                && reader is { Kernel.ReadsAnywhere: true, Node.Inputs.Length: 1 }
                ? reader
                : null);

        void Count(Tensor tensor)
        {
            Tensor root = Root(tensor);
            uses[root] = uses.TryGetValue(root, out int count) ? count + 1 : 1;
        }
    }

    private Operand Operand(Tensor tensor)
    {
        Tensor root = Root(tensor);
        return root.Data is { } data ? Kernels.Contract.Operand.Constant(data) : _operands[root];
    }

    private Tensor Root(Tensor tensor) => _aliasOf.TryGetValue(tensor, out Tensor? root) ? root : tensor;

    public static bool KeepsBytes(Node node) => OperatorKernels.Of(node) is ViewOperator;
}
