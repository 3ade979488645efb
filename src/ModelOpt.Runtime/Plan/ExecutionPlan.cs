using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;

namespace ModelOpt.Runtime.Plan;

/// <summary>A kernel with its operands.</summary>
internal sealed class Step(Node node, Kernel kernel)
{
    public Node Node => node;

    public Kernel Kernel => kernel;

    public Operand[] Inputs { get; set; } = [];

    public Operand[] Outputs { get; set; } = [];

    /// <summary>Number of threads among which the kernel's items are divided.</summary>
    public int Parts { get; set; } = 1;
}

/// <summary>The steps of a run, with packed constants and the layout of the arena. All sessions share it; it never changes.</summary>
internal sealed class ExecutionPlan
{
    // Below this many element operations per thread, waking a thread costs more than it saves.
    private const long WorkPerThread = 50_000;

    private ExecutionPlan(Graph graph, Step[] steps, Step?[] inputSteps, Operand[] inputs, Operand[] outputs, int arenaBytes)
    {
        Graph = graph;
        Steps = steps;
        InputSteps = inputSteps;
        Inputs = inputs;
        Outputs = outputs;
        ArenaBytes = arenaBytes;
        foreach (Step? step in inputSteps)
            FirstStep += step is null ? 0 : 1;
        foreach (Step step in steps)
            ScratchBytes = Math.Max(ScratchBytes, step.Kernel.ScratchBytes);
    }

    public Graph Graph { get; }

    /// <summary>Whether any number of samples can be run, one after another.</summary>
    public bool AllowsAnyBatch { get; private init; }

    public Step[] Steps { get; }

    /// <summary>The steps that run when an input is set, for each input; null for one that is copied into the arena.</summary>
    public Step?[] InputSteps { get; }

    /// <summary>Number of the first step that is none of <see cref="InputSteps"/>.</summary>
    public int FirstStep { get; }

    /// <summary>The inputs, and behind them the states as a run finds them.</summary>
    public Operand[] Inputs { get; }

    /// <summary>The outputs, and behind them the states as a run leaves them.</summary>
    public Operand[] Outputs { get; }

    /// <summary>Number of inputs that callers give.</summary>
    public int FedInputs => Inputs.Length - Graph.InitialStates.Length;

    /// <summary>Number of outputs that callers get.</summary>
    public int GivenOutputs => Outputs.Length - Graph.InitialStates.Length;

    public int ArenaBytes { get; }

    public IReadOnlyCollection<ArenaBlock> ArenaBlocks { get; private init; } = [];

    /// <summary>Scratch memory of one thread.</summary>
    public int ScratchBytes { get; }

    /// <summary>The outputs of the model; <see cref="Outputs"/> are those of a later stage where there is one.</summary>
    public required Tensor[] Results { get; init; }

    /// <summary>What is planned when this has run; null where all is planned.</summary>
    public LaterStage? Next { get; private init; }

    /// <summary>Whether a later stage computes an output of the model.</summary>
    public bool IsLater(Tensor result) => Next is not null && !result.IsConstant && !Graph.Outputs.Contains(result);

    /// <summary>Plans a graph, which is changed on the way.</summary>
    /// <param name="graph">The model.</param>
    /// <param name="threads">Threads that run it.</param>
    /// <param name="code">Receives assembled functions; null where there shall be none.</param>
    /// <param name="stage">How many stages were planned before.</param>
    /// <param name="isSized">Whether the inputs have other shapes than those of the file, of which it says nothing more.</param>
    /// <returns>The plan; null where the system refuses to make the assembled functions executable.</returns>
    /// <exception cref="InvalidModelException">The model uses something that is not supported.</exception>
    public static ExecutionPlan? Create(Graph graph, int threads, AssembledCode? code, int stage = 0, bool isSized = false)
    {
        LaterStage? next = ShapeInference.Apply(graph, stage > 0 || isSized) is { } waiting ? new LaterStage(graph, waiting, stage) : null;
        if (graph.InitialStates.Length > 0 && next is not null)
            throw new InvalidModelException("A model with state whose sizes depend on values is not supported.");
        for (int i = 1; i <= graph.InitialStates.Length; i++)
        {
            if (!graph.Inputs[^i].IsLike(graph.Outputs[^i]))
                throw graph.Inputs[^i].Error("is a state that is not as what a call leaves there");
        }

        Tensor[] results = graph.Outputs;
        graph = next?.Before ?? graph;
        bool anyBatch = stage == 0 && next is null && BatchRule.AllowsAnyBatch(graph);
        GraphRewriter.Rewrite(graph);
        ResidualFolding.Apply(graph, code);
        ConcatenationFolding.Apply(graph, code);
        var storage = new StorageMap(graph);
        List<Step> steps = CreateSteps(graph, storage, code);
        if (code is not null && !code.Seal())
            return null;
        Step?[] inputSteps = storage.InputSteps(steps);
        var order = new List<Step>(steps.Count);
        var ofCaller = new HashSet<Tensor>();
        for (int i = 0; i < inputSteps.Length; i++)
        {
            if (inputSteps[i] is not { } step)
                continue;
            order.Add(step);
            ofCaller.Add(graph.Inputs[i]);
        }
        var onInput = new HashSet<Step>(order);
        foreach (Step step in steps)
        {
            if (!onInput.Contains(step))
                order.Add(step);
        }
        int arenaBytes = storage.Place(order, ofCaller);
        foreach (Step step in order)
        {
            Kernel kernel = step.Kernel;
            step.Inputs = storage.Operands(step.Node.Inputs);
            step.Outputs = storage.Operands(step.Node.Outputs);
            step.Parts = (int)Math.Clamp(Math.Min(kernel.Work / kernel.WorkAtOnce / WorkPerThread, kernel.Items), 1, threads);
        }
        return new ExecutionPlan(
            graph, order.ToArray(), inputSteps, storage.Operands(graph.Inputs), storage.Operands(graph.Outputs), arenaBytes)
        {
            Results = results,
            Next = next,
            AllowsAnyBatch = anyBatch,
            ArenaBlocks = storage.Blocks,
        };
    }

    private static List<Step> CreateSteps(Graph graph, StorageMap storage, AssembledCode? code)
    {
        var steps = new List<Step>(graph.Nodes.Count);
        foreach (Node node in graph.Nodes)
        {
            if (storage.IsElided(node))
                continue;
            foreach (Tensor? input in node.Inputs)
                graph.Budget.Packing -= input is { IsConstant: true } ? input.Bytes : 0;
            node.Require(graph.Budget.Packing >= 0, "constants are used too many times");
            steps.Add(new Step(node, OperatorKernels.Create(node, code)));
        }

        return steps;
    }
}
