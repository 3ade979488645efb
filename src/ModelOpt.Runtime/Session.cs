using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Plan;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Runtime;

/// <summary>The memory of one execution: an arena and scratch memory. Used by one caller at a time, then pooled.</summary>
internal sealed unsafe class Session : IParallelJob
{
    private readonly ExecutionPlan _plan;
    private readonly WorkerPool _workers;
    private readonly BatchRun _batchRun;
    private readonly byte[] _memory;
    private readonly int _arenaStart;
    private readonly int _scratchStart;
    private readonly int _scratchBytes;
    private readonly byte[][] _batchInputs;
    private readonly bool[] _inputIsSet;
    private Step? _step;
    private int _lease;

    public Session(SessionPool pool)
    {
        (ExecutionPlan plan, WorkerPool workers) = (pool.Plan, pool.Workers);
        _plan = plan;
        _workers = workers;
        _batchRun = new BatchRun(pool);
        _batchInputs = new byte[plan.Inputs.Length][];
        _inputIsSet = new bool[plan.Inputs.Length];
        BatchOutputs = new OutputBuffer(plan.Outputs.Length);
        _scratchBytes = Align(plan.ScratchBytes);
        long bytes = (long)Align(plan.ArenaBytes) + ((long)_scratchBytes * workers.Threads) + ArenaLayout.Alignment;
        if (bytes > Array.MaxLength)
            throw new InvalidModelException($"Running the model needs {bytes >> 20} MB of memory, more than 2 GB.");

        // Pinned, so that the alignment computed here lasts.
        _memory = GC.AllocateUninitializedArray<byte>((int)bytes, pinned: true);
        nuint address = (nuint)Unsafe.AsPointer(ref _memory[0]);
        _arenaStart = (int)(-(nint)address & (ArenaLayout.Alignment - 1));
        _scratchStart = _arenaStart + Align(plan.ArenaBytes);
    }

    /// <summary>Number of the current lease; copies of it that are out of date do nothing.</summary>
    public int Lease => Volatile.Read(ref _lease);

    /// <summary>Where <see cref="RunBatch(int)"/> leaves the outputs.</summary>
    public OutputBuffer BatchOutputs { get; set; }

    /// <summary>Ends a lease. False when it has ended before.</summary>
    public bool TryEnd(int lease) => Interlocked.CompareExchange(ref _lease, lease + 1, lease) == lease;

    public Span<byte> Input(int index) => _plan.Inputs[index].Write(Arena);

    public ReadOnlySpan<byte> Output(int index) => _plan.Outputs[index].Read(Arena);

    private Span<byte> Arena => _memory.AsSpan(_arenaStart, _plan.ArenaBytes);

    /// <summary>Where the values of an input belong: the arena, or a place for all samples of a batch. It counts as set from now on.</summary>
    public Span<byte> SetInput(int index, int batch, int length)
    {
        _inputIsSet[index] = true;
        if (batch == 1)
            return Input(index);
        if (_batchInputs[index] is null || _batchInputs[index].Length < length)
            _batchInputs[index] = GC.AllocateUninitializedArray<byte>(length, pinned: true);
        return _batchInputs[index].AsSpan(0, length);
    }

    /// <summary>Runs all samples and keeps their outputs in <see cref="BatchOutputs"/>. The inputs are used up.</summary>
    /// <exception cref="InvalidOperationException">An input was not set.</exception>
    public void RunBatch(int batch)
    {
        int missing = Array.IndexOf(_inputIsSet, false);
        if (missing >= 0)
            throw new InvalidOperationException($"Input '{_plan.Graph.Inputs[missing].Name}' was not set.");
        ForgetInputs();
        if (batch == 1)
            Run();
        for (int i = 0; i < _plan.Outputs.Length; i++)
        {
            ReadOnlySpan<byte> output = Output(i);
            Span<byte> all = BatchOutputs.Resize(i, checked(batch * output.Length));
            if (batch == 1)
                output.CopyTo(all);
            else
                _batchRun.SetOutput(i, (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(all)));
        }

        if (batch == 1)
            return;
        for (int i = 0; i < _plan.Inputs.Length; i++)
            _batchRun.SetInput(i, (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_batchInputs[i])));
        _workers.Run(_batchRun, batch);
    }

    /// <summary>Runs all samples of a model of one input and one output.</summary>
    public void RunBatch(ReadOnlySpan<byte> input, Span<byte> output, int batch)
    {
        fixed (byte* from = input, to = output)
        {
            _batchRun.SetInput(0, from);
            _batchRun.SetOutput(0, to);
            _workers.Run(_batchRun, batch);
        }
    }

    /// <summary>Makes all inputs count as not set.</summary>
    public void ForgetInputs() => Array.Clear(_inputIsSet);

    public void Run()
    {
        foreach (Step step in _plan.Steps)
            Run(step);
    }

    public void Run(Step step)
    {
        if (step.Parts == 1)
        {
            step.Kernel.Run(Arguments(step, 0), 0, step.Kernel.Items);
            return;
        }
        _step = step;
        _workers.Run(this, step.Parts);
        _step = null;
    }

    void IParallelJob.Execute(int part)
    {
        Step step = _step!;
        long items = step.Kernel.Items;
        step.Kernel.Run(
            Arguments(step, part),
            (int)(items * part / step.Parts),
            (int)(items * (part + 1) / step.Parts));
    }

    private KernelArguments Arguments(Step step, int part) => new(
        step.Inputs,
        step.Outputs,
        Arena,
        _memory.AsSpan(_scratchStart + (part * _scratchBytes), _scratchBytes));

    private static int Align(int bytes) => (bytes + ArenaLayout.Alignment - 1) & -ArenaLayout.Alignment;
}
