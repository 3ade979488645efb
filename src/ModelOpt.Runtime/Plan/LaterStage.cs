using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Model;

namespace ModelOpt.Runtime.Plan;

/// <summary>
/// The nodes of a model whose sizes depend on values that earlier nodes compute. They are planned when these have run.
/// </summary>
internal sealed class LaterStage
{
    private const int MaxDepth = 64;

    private readonly Node[] _nodes;
    private readonly Tensor[] _results;
    private readonly Tensor[] _needed;
    private readonly Graph _before;
    private readonly int _depth;

    /// <param name="before">The graph that runs before. Its outputs are replaced by what this stage needs.</param>
    /// <param name="waiting">What could not be planned with it.</param>
    /// <param name="depth">The number of stages before.</param>
    public LaterStage(Graph before, WaitingNodes waiting, int depth)
    {
        if (depth > MaxDepth)
            throw new InvalidModelException($"Sizes depend on values more than {MaxDepth} times one after another.");
        _depth = depth;
        _nodes = [.. waiting.Nodes];
        _needed = [.. waiting.Needed];
        _results = [.. before.Outputs];
        var read = new HashSet<Tensor>();
        IEnumerable<Tensor> all = _nodes.SelectMany(n => n.Inputs.OfType<Tensor>()).Concat(_needed).Concat(_results);
        Tensor[] handedOn = [.. all.Where(t => !t.IsConstant && !waiting.Open.Contains(t) && read.Add(t))];
        _before = before.With([.. before.Nodes], before.Inputs, handedOn);
    }

    /// <summary>The graph that runs before, with what this stage reads as its outputs.</summary>
    public Graph Before => _before;

    /// <summary>The values that say sizes; of an operator that counts, the count alone. The same bytes lead to the same plan.</summary>
    /// <param name="output">The outputs of <see cref="Before"/>, which has run.</param>
    public byte[] Key(Func<int, ReadOnlySpan<byte>> output)
    {
        using var key = new MemoryStream();
        foreach (Tensor tensor in _needed)
            key.Write(output(Array.IndexOf(_before.Outputs, tensor)));
        foreach (Node node in _nodes)
        {
            if (Count(node, output) is { } count)
                key.Write(BitConverter.GetBytes(count));
        }

        return key.ToArray();
    }

    /// <summary>Plans the stage for the sizes that the values say.</summary>
    /// <param name="output">The outputs of <see cref="Before"/>, which has run.</param>
    /// <param name="threads">Threads that run it.</param>
    /// <exception cref="InvalidModelException">The values say sizes that do not fit.</exception>
    public PlannedStage Plan(Func<int, ReadOnlySpan<byte>> output, int threads) =>
        TryPlan(output, threads, AssembledCode.TryCreate(threads)) ?? TryPlan(output, threads, code: null)!;

    private int? Count(Node node, Func<int, ReadOnlySpan<byte>> output)
    {
        if (OperatorKernels.Find(node.Operator) is not ICountingOperator counting)
            return null;
        int at = Array.IndexOf(_before.Outputs, node.Input(0));
        return at < 0 ? null : counting.Count(node.Input(0), output(at));
    }

    private PlannedStage? TryPlan(Func<int, ReadOnlySpan<byte>> output, int threads, AssembledCode? code)
    {
        var now = new Dictionary<Tensor, Tensor>();
        var inputs = new List<Tensor>();
        var sources = new List<int>();
        for (int i = 0; i < _before.Outputs.Length; i++)
        {
            Tensor before = _before.Outputs[i];
            bool isNeeded = Array.IndexOf(_needed, before) >= 0;
            var tensor = new Tensor(before.Name, before.Type, before.Shape, before.Quantization)
            {
                Data = isNeeded ? output(i).ToArray() : default(ReadOnlyMemory<byte>?),
            };
            now.Add(before, tensor);
            if (isNeeded)
                continue;
            inputs.Add(tensor);
            sources.Add(i);
        }

        foreach (Tensor result in _nodes.SelectMany(n => n.Outputs))
            now.Add(result, result.Resized(result.Shape));
        Node[] nodes = Array.ConvertAll(_nodes, node => node.On(
            Array.ConvertAll(node.Inputs, t => t is null ? null : Now(t)), Array.ConvertAll(node.Outputs, Now), Count(node, output)));
        Graph graph = _before.With([.. nodes], [.. inputs], Array.ConvertAll(_results, Now));
        return ExecutionPlan.Create(graph, threads, code, _depth + 1) is { } plan ? new PlannedStage(plan, [.. sources]) : null;

        Tensor Now(Tensor tensor) => now.GetValueOrDefault(tensor, tensor);
    }
}

/// <summary>A stage planned for certain sizes.</summary>
/// <param name="Sources">For each input, which output of the stage before it is.</param>
internal sealed record PlannedStage(ExecutionPlan Plan, int[] Sources);

/// <summary>Nodes that cannot be planned yet.</summary>
internal sealed class WaitingNodes
{
    /// <summary>The nodes, in order.</summary>
    public List<Node> Nodes { get; } = [];

    /// <summary>The values that say their sizes.</summary>
    public HashSet<Tensor> Needed { get; } = [];

    /// <summary>The tensors that they compute.</summary>
    public HashSet<Tensor> Open { get; } = [];

    public void Add(Node node)
    {
        // What is not supported is refused now, not when it shall run.
        if (!ForeignForms.Has(node))
            OperatorKernels.Of(node);
        node.Require(node.Subgraphs.Length == 0, "not supported behind sizes that depend on values");
        Nodes.Add(node);
        Open.UnionWith(node.Outputs);
    }
}
