using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;

namespace ModelOpt.Runtime.Plan;

/// <summary>
/// The plan of a subgraph that an operator runs on its own thread. Arena and scratch memory of the subgraph lie in the scratch memory of
/// the operator's kernel.
/// </summary>
internal sealed class SubgraphPlan
{
    // The scratch memory of all threads is one array.
    private const int MaxBytes = 1 << 30;

    private readonly ExecutionPlan _plan;
    private readonly int _arenaBytes;

    /// <exception cref="InvalidModelException">The subgraph uses something that is not supported, or needs too much memory.</exception>
    public SubgraphPlan(Node node, Graph graph)
    {
        _plan = ExecutionPlan.Create(graph, threads: 1, code: null)!;
        if (_plan.Next is not null)
            throw new InvalidModelException("Sizes that depend on values are not supported in the subgraphs of IF and WHILE.");
        long arena = Align(_plan.ArenaBytes), bytes = arena + Align(_plan.ScratchBytes);
        node.Require(bytes <= MaxBytes, $"a subgraph needs {bytes >> 20} MB of memory");
        (_arenaBytes, Bytes) = ((int)arena, (int)bytes);
        foreach (Step step in _plan.Steps)
            Work += step.Kernel.Work;
    }

    /// <summary>Memory that a run needs, 64-byte aligned.</summary>
    public int Bytes { get; }

    /// <summary>Rough cost of a run.</summary>
    public long Work { get; }

    /// <summary>Sets an input. Steps that read nothing else run at once.</summary>
    public void SetInput(Span<byte> memory, int index, ReadOnlySpan<byte> values)
    {
        if (_plan.InputSteps[index] is { } step)
            Run(memory, step, values);
        else
            values.CopyTo(_plan.Inputs[index].Write(memory));
    }

    /// <summary>Runs the subgraph, all of whose inputs were set.</summary>
    public void Run(Span<byte> memory)
    {
        for (int i = _plan.FirstStep; i < _plan.Steps.Length; i++)
            Run(memory, _plan.Steps[i], default);
    }

    /// <summary>An output of the last run.</summary>
    public ReadOnlySpan<byte> Output(Span<byte> memory, int index) => _plan.Outputs[index].Read(memory);

    private void Run(Span<byte> memory, Step step, ReadOnlySpan<byte> ofCaller)
    {
        var arguments = new KernelArguments(step.Inputs, step.Outputs, memory[.._arenaBytes], memory[_arenaBytes..Bytes], ofCaller);
        step.Kernel.Run(arguments, 0, step.Kernel.Items);
    }

    private static long Align(long bytes) => (bytes + ArenaLayout.Alignment - 1) & -ArenaLayout.Alignment;
}
