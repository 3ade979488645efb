using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ModelOpt.Runtime.Guarding;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Plan;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Runtime;

/// <summary>The memory of one execution: an arena and scratch memory. Used by one caller at a time, then pooled.</summary>
internal sealed unsafe class Session : IParallelJob
{
    private readonly ExecutionPlan _plan;
    private readonly WorkerPool _workers;
    private readonly StagePool? _later;
    private readonly BatchRun _batchRun;
    private readonly byte[][] _batchInputs;
    private readonly bool[] _inputIsSet;
    private Step? _step;
    private byte* _ofCaller;
    private int _bytesOfCaller;
    private bool _outputsAreInArena;
    private ModelState? _own, _state;
    private int _lease;

    public Session(SessionPool pool)
    {
        (ExecutionPlan plan, WorkerPool workers) = (pool.Plan, pool.Workers);
        _plan = plan;
        _workers = workers;
        _later = pool.Later;
        _batchRun = new BatchRun(pool);
        _batchInputs = new byte[plan.FedInputs][];
        _inputIsSet = new bool[plan.FedInputs];
        BatchOutputs = new OutputBuffer(plan.Results.Length - plan.Graph.InitialStates.Length);
        Pool = pool;
    }

    /// <summary>Where the session goes back to.</summary>
    public SessionPool Pool { get; }

    /// <summary>Arena and scratch memory, while it is rented.</summary>
    public SessionMemory? Memory { get; set; }

    /// <summary>Number of the current lease; copies of it that are out of date do nothing.</summary>
    public int Lease => Volatile.Read(ref _lease);

    /// <summary>Where <see cref="RunBatch(int)"/> leaves the outputs.</summary>
    public OutputBuffer BatchOutputs { get; set; }

    /// <summary>Ends a lease. False when it has ended before.</summary>
    public bool TryEnd(int lease) => Interlocked.CompareExchange(ref _lease, lease + 1, lease) == lease;

    /// <summary>Sets an input of one sample: copies it into the arena, or runs the step that reads it.</summary>
    public void SetSample(int index, ReadOnlySpan<byte> values)
    {
        if (_plan.InputSteps[index] is { } step && GuardPages.Enabled)
            RunGuarded(step, values);
        else if (_plan.InputSteps[index] is { } onInput)
            Run(onInput, values);
        else
            values.CopyTo(_plan.Inputs[index].Write(Arena));
    }

    private void RunGuarded(Step step, ReadOnlySpan<byte> values)
    {
        var copy = new GuardedMemory(values.Length, []);
        values.CopyTo(copy.GetSpan());
        Run(step, copy.GetSpan());
        GC.KeepAlive(copy);
    }

    public ReadOnlySpan<byte> Output(int index) => _plan.Outputs[index].Read(Arena);

    /// <summary>An output of the model after <see cref="Run()"/> and <see cref="RunLater"/>.</summary>
    public ReadOnlySpan<byte> Result(int index) => _plan.Next is null ? Output(index) : BatchOutputs[index];

    private Span<byte> Arena => Memory!.Arena;

    /// <summary>Sets an input, of all samples. It counts as set from now on.</summary>
    public void SetInput(int index, int batch, ReadOnlySpan<byte> values)
    {
        SaveOutputs();
        _inputIsSet[index] = true;
        if (batch == 1)
        {
            SetSample(index, values);
            return;
        }
        if (_batchInputs[index] is null || _batchInputs[index].Length < values.Length)
            _batchInputs[index] = GC.AllocateUninitializedArray<byte>(values.Length, pinned: true);
        values.CopyTo(_batchInputs[index]);
    }

    /// <summary>An output of the last <see cref="RunBatch(int)"/>.</summary>
    public ReadOnlySpan<byte> BatchOutput(int index) => _outputsAreInArena ? Output(index) : BatchOutputs[index];

    /// <summary>Copies outputs that are still in the arena to <see cref="BatchOutputs"/>.</summary>
    public void SaveOutputs()
    {
        if (!_outputsAreInArena)
            return;
        _outputsAreInArena = false;
        for (int i = 0; i < _plan.GivenOutputs; i++)
        {
            ReadOnlySpan<byte> output = Output(i);
            output.CopyTo(BatchOutputs.Resize(i, output.Length));
        }
    }

    /// <summary>Says in <see cref="BatchOutputs"/> what shapes the outputs have.</summary>
    public void SaveShapes(int batch)
    {
        if (_plan.Next is not null)
            return;
        for (int i = 0; i < _plan.GivenOutputs; i++)
            BatchOutputs.SetShape(i, ShapeOf(i, batch));
    }

    /// <summary>The shape of an output of the plan.</summary>
    public int[] ShapeOf(int index, int batch)
    {
        int[] shape = _plan.Results[index].Shape;
        return batch == 1 ? shape : [batch, .. shape[1..]];
    }

    /// <summary>Bytes of an input of one sample.</summary>
    public int InputBytes(int index) => _plan.Inputs[index].Length;

    /// <summary>Number of inputs that callers give.</summary>
    public int FedInputs => _plan.FedInputs;

    /// <summary>Number of outputs that callers get.</summary>
    public int GivenOutputs => _plan.GivenOutputs;

    /// <summary>Whether later stages say what shapes the outputs have.</summary>
    public bool HasStages => _plan.Next is not null;

    /// <summary>Runs all samples and keeps their outputs. The inputs are used up.</summary>
    /// <exception cref="InvalidOperationException">An input was not set.</exception>
    public void RunBatch(int batch)
    {
        int missing = Array.IndexOf(_inputIsSet, false);
        if (missing >= 0)
            throw new InvalidOperationException($"Input '{_plan.Graph.Inputs[missing].Name}' was not set.");
        ForgetInputs();
        if (batch == 1)
        {
            _state?.PutInto(this);
            Run();
            _state?.TakeFrom(this);
            _outputsAreInArena = _plan.Next is null;
            RunLater();
            return;
        }
        for (int i = 0; i < _plan.Outputs.Length; i++)
        {
            Span<byte> all = BatchOutputs.Resize(i, checked(batch * Output(i).Length));
            _batchRun.SetOutput(i, (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(all)));
        }

        for (int i = 0; i < _plan.Inputs.Length; i++)
            _batchRun.SetInput(i, (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_batchInputs[i])));
        _workers.Run(_batchRun, batch);
    }

    /// <summary>Runs what could not be planned before <see cref="Run()"/>, and leaves the outputs in <see cref="BatchOutputs"/>.</summary>
    public void RunLater() => _later?.Run(this, BatchOutputs);

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

    /// <summary>Forgets what was set in an earlier call.</summary>
    /// <param name="state">The state to go on with; null to start anew.</param>
    public void Begin(ModelState? state = null)
    {
        if (_plan.Graph.InitialStates.Length > 0)
        {
            if (state is null)
                (state = _own ??= new ModelState(_plan.Graph.InitialStates)).Reset();
            _state = state;
        }

        ForgetInputs();
        _outputsAreInArena = false;
    }

    /// <summary>Runs one sample, of which all inputs were set.</summary>
    public void Run()
    {
        Step[] steps = _plan.Steps;
        for (int i = _plan.FirstStep; i < steps.Length; i++)
            Run(steps[i]);
    }

    /// <summary>Runs a step that reads an input where the caller has it.</summary>
    public void Run(Step step, ReadOnlySpan<byte> input)
    {
        fixed (byte* values = input)
        {
            _ofCaller = values;
            _bytesOfCaller = input.Length;
            Run(step);
            _ofCaller = null;
            _bytesOfCaller = 0;
        }
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
        Memory!.Scratch(part, step.Kernel.ScratchBytes),
        new ReadOnlySpan<byte>(_ofCaller, _bytesOfCaller));
}
