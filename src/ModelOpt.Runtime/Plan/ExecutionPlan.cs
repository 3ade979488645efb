using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Kernels.Assembled;
using ModelOpt.Runtime.Operators;

namespace ModelOpt.Runtime.Plan;

/// <summary>A kernel with its operands.</summary>
internal sealed record Step(Node Node, Kernel Kernel, Operand[] Inputs, Operand[] Outputs)
{
    /// <summary>Number of threads among which the kernel's items are divided.</summary>
    public int Parts { get; init; } = 1;
}

/// <summary>
/// What is done at run time: steps with packed constants and the layout of the arena. Shared by all sessions, never
/// changed.
/// </summary>
internal sealed class ExecutionPlan
{
    // Below this many element operations per thread, waking a thread costs more than it saves.
    private const long WorkPerThread = 50_000;

    private ExecutionPlan(Graph graph, Step[] steps, Step?[] inputSteps, Operand[] inputs, Operand[] outputs, int arenaBytes)
    {
        Graph = graph;
        Steps = steps;
        InputSteps = inputSteps;
        FirstStep = inputSteps.Count(step => step is not null);
        Inputs = inputs;
        Outputs = outputs;
        ArenaBytes = arenaBytes;
        ScratchBytes = steps.Length == 0 ? 0 : steps.Max(s => s.Kernel.ScratchBytes);
    }

    public Graph Graph { get; }

    public Step[] Steps { get; }

    /// <summary>The steps that run when an input is set, for each input; null for one that is copied into the arena.</summary>
    public Step?[] InputSteps { get; }

    /// <summary>Number of the first step that is none of <see cref="InputSteps"/>.</summary>
    public int FirstStep { get; }

    public Operand[] Inputs { get; }

    public Operand[] Outputs { get; }

    public int ArenaBytes { get; }

    /// <summary>Scratch memory of one thread.</summary>
    public int ScratchBytes { get; }

    /// <summary>Plans a graph, which is changed on the way.</summary>
    /// <param name="graph">The model.</param>
    /// <param name="threads">Threads that run it.</param>
    /// <param name="code">Receives assembled functions; null where there shall be none.</param>
    /// <returns>The plan; null where the system refuses to make the assembled functions executable.</returns>
    /// <exception cref="InvalidModelException">The model uses something that is not supported.</exception>
    public static ExecutionPlan? Create(Graph graph, int threads, AssembledCode? code)
    {
        GraphRewriter.Rewrite(graph);
        ResidualFolding.Apply(graph, code);
        ConcatenationFolding.Apply(graph, code);
        var storage = new StorageMap(graph);
        List<(Node Node, Kernel Kernel)> kernels = CreateKernels(graph, storage, code);
        if (code is not null && !code.Seal())
            return null;
        int[] inputSteps = storage.InputSteps(kernels);
        List<(Node Node, Kernel Kernel)> onInput = [.. inputSteps.Where(i => i >= 0).Select(i => kernels[i])];
        kernels = [.. onInput, .. kernels.Where((_, i) => !inputSteps.Contains(i))];
        HashSet<Tensor> ofCaller = [.. graph.Inputs.Where((_, i) => inputSteps[i] >= 0)];
        int arenaBytes = storage.Place([.. kernels.Select(k => k.Node)], ofCaller);
        Step[] steps = [.. kernels.Select(k => new Step(
            k.Node,
            k.Kernel,
            [.. k.Node.Inputs.Select(t => t is null ? Operand.None : storage.Operand(t))],
            [.. k.Node.Outputs.Select(storage.Operand)])
        {
            Parts = (int)Math.Clamp(Math.Min(k.Kernel.Work / k.Kernel.WorkAtOnce / WorkPerThread, k.Kernel.Items), 1, threads),
        })];
        int next = 0;
        return new ExecutionPlan(
            graph,
            steps,
            Array.ConvertAll(inputSteps, i => i < 0 ? null : steps[next++]),
            [.. graph.Inputs.Select(storage.Operand)],
            [.. graph.Outputs.Select(storage.Operand)],
            arenaBytes);
    }

    private static List<(Node Node, Kernel Kernel)> CreateKernels(Graph graph, StorageMap storage, AssembledCode? code)
    {
        var kernels = new List<(Node Node, Kernel Kernel)>();
        long budget = graph.ConstantBudget;
        foreach (Node node in graph.Nodes)
        {
            if (storage.IsElided(node))
                continue;
            budget -= node.Inputs.Sum(t => t is { IsConstant: true } ? t.Bytes : 0L);
            node.Require(budget >= 0, "constants are used too many times");
            kernels.Add((node, OperatorKernels.Create(node, code)));
        }

        return kernels;
    }
}
