using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Runtime.Plan;

/// <summary>
/// The nodes of a model whose sizes depend on values that earlier nodes compute. They are planned when these have run; the last plans are
/// kept, so that sizes that come again cost nothing.
/// </summary>
internal sealed class LaterStage
{
    // Each plan has a session's memory and packed weights of its own.
    private const int MaxPlans = 8;
    private const int MaxDepth = 64;

    private readonly Node[] _nodes;
    private readonly Tensor[] _results;
    private readonly Tensor[] _needed;
    private readonly Graph _before;
    private readonly int _depth;
    private readonly List<(byte[] Key, StagePlan Plan)> _plans = [];

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

    /// <summary>How many plans are kept.</summary>
    public int Plans => _plans.Count;

    /// <summary>The graph that runs before, with what this stage reads as its outputs.</summary>
    public Graph Before => _before;

    /// <summary>Runs this stage and those behind it.</summary>
    /// <param name="session">The memory of the stage before, which has run.</param>
    /// <param name="outputs">Receives the outputs of the model.</param>
    /// <exception cref="ArgumentException">The values say sizes that do not fit.</exception>
    public static void Run(LaterStage? stage, Session session, WorkerPool workers, OutputBuffer outputs)
    {
        StagePlan? current = null;
        for (; stage is not null; stage = current.Plan.Next)
        {
            StagePlan next = stage.PlanFor(session, workers);
            Session following = next.Sessions.Rent();
            for (int i = 0; i < next.Sources.Length; i++)
                following.SetSample(i, session.Output(next.Sources[i]));
            following.Run();
            current?.Sessions.Return(session);
            (session, current) = (following, next);
        }

        for (int i = 0; i < current!.Plan.Outputs.Length; i++)
        {
            ReadOnlySpan<byte> output = session.Output(i);
            output.CopyTo(outputs.Resize(i, output.Length));
            outputs.SetShape(i, current.Plan.Graph.Outputs[i].Shape);
        }

        current.Sessions.Return(session);
    }

    private StagePlan PlanFor(Session session, WorkerPool workers)
    {
        byte[] key = Key(session);
        if (Known(key) is { } known)
            return known;
        StagePlan plan;
        try
        {
            plan = Create(session, workers);
        }
        catch (InvalidModelException e)
        {
            throw new ArgumentException($"The inputs lead to sizes that do not fit: {e.Message}", e);
        }

        lock (_plans)
        {
            if (_plans.Count == MaxPlans)
                _plans.RemoveAt(0);
            _plans.Add((key, plan));
        }

        return plan;
    }

    private StagePlan? Known(byte[] key)
    {
        lock (_plans)
        {
            int found = _plans.FindIndex(p => p.Key.AsSpan().SequenceEqual(key));
            if (found < 0)
                return null;
            // The one that was not used for the longest time goes first.
            (byte[] Key, StagePlan Plan) plan = _plans[found];
            _plans.RemoveAt(found);
            _plans.Add(plan);
            return plan.Plan;
        }
    }

    /// <summary>The values that say sizes; of an operator that counts, the count alone.</summary>
    private byte[] Key(Session session)
    {
        using var key = new MemoryStream();
        foreach (Tensor tensor in _needed)
            key.Write(session.Output(Array.IndexOf(_before.Outputs, tensor)));
        foreach (Node node in _nodes)
        {
            if (Count(node, session) is { } count)
                key.Write(BitConverter.GetBytes(count));
        }

        return key.ToArray();
    }

    private int? Count(Node node, Session session)
    {
        if (OperatorKernels.Of(node) is not ICountingOperator counting)
            return null;
        int at = Array.IndexOf(_before.Outputs, node.Input(0));
        return at < 0 ? null : counting.Count(node.Input(0), session.Output(at));
    }

    private StagePlan Create(Session session, WorkerPool workers)
    {
        AssembledCode? code = AssembledCode.TryCreate(workers.Threads);
        return TryCreate(session, workers, code) ?? TryCreate(session, workers, code: null)!;
    }

    private StagePlan? TryCreate(Session session, WorkerPool workers, AssembledCode? code)
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
                Data = isNeeded ? session.Output(i).ToArray() : default(ReadOnlyMemory<byte>?),
            };
            now.Add(before, tensor);
            if (isNeeded)
                continue;
            inputs.Add(tensor);
            sources.Add(i);
        }

        foreach (Tensor output in _nodes.SelectMany(n => n.Outputs))
            now.Add(output, output.Resized(output.Shape));
        Node[] nodes = Array.ConvertAll(_nodes, node => node.On(
            Array.ConvertAll(node.Inputs, t => t is null ? null : Now(t)), Array.ConvertAll(node.Outputs, Now), Count(node, session)));
        Graph graph = _before.With([.. nodes], [.. inputs], Array.ConvertAll(_results, Now));
        return ExecutionPlan.Create(graph, workers.Threads, code, _depth + 1) is { } plan
            ? new StagePlan(plan, new SessionPool(plan, workers), [.. sources]) : null;

        Tensor Now(Tensor tensor) => now.GetValueOrDefault(tensor, tensor);
    }

    /// <summary>A stage planned for certain sizes.</summary>
    /// <param name="Sources">For each input, which output of the stage before it is.</param>
    private sealed record StagePlan(ExecutionPlan Plan, SessionPool Sessions, int[] Sources);
}

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
        OperatorKernels.Of(node);
        node.Require(node.Subgraphs.Length == 0, "not supported behind sizes that depend on values");
        Nodes.Add(node);
        Open.UnionWith(node.Outputs);
    }
}
