using System.Reflection;
using System.Runtime.InteropServices;
using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Plan;
using ModelOpt.Runtime.Storage;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Runtime;

/// <summary>A TFLite model, planned and ready to run. Any number of threads may run it at once; a warm call allocates nothing.</summary>
public sealed partial class TfliteModel : IDisposable
{
    private readonly ExecutionPlan _plan;
    private readonly WorkerPool _workers;
    private readonly SessionPool _sessions;
    private readonly OpenPlans? _open;
    private readonly bool _isOnlyBatchOpen;
    private readonly int _elementsPerSample;
    private readonly LockFreePool<OutputBuffer> _outputs = new(SessionPool.Capacity);
    private bool _disposed;

    private TfliteModel(ReadOnlyMemory<byte> file, RuntimeOptions? options)
    {
        int threads = (options ?? new RuntimeOptions()).Threads;
        ArgumentOutOfRangeException.ThrowIfNegative(threads, nameof(options));
        if (threads == 0)
            threads = Environment.ProcessorCount;
        _workers = SharedWorkers.Rent(threads);
        try
        {
            if (PackedModel.IsPacked(file.Span))
                file = PackedModel.Expand(file, _workers);
            _plan = ExecutionPlan.Create(GraphReader.Read(file), threads, AssembledCode.TryCreate(threads))
                ?? ExecutionPlan.Create(GraphReader.Read(file), threads, code: null)!;
        }
        catch
        {
            SharedWorkers.Return(_workers);
            throw;
        }
        HasDynamicBatch = _plan.AllowsAnyBatch;
        HasOpenSizes = OpenPlans.AreNeeded(_plan);
        Inputs = Array.AsReadOnly(Array.ConvertAll(
            _plan.Graph.Inputs[.._plan.FedInputs], t => new TensorInfo(t, HasDynamicBatch, isOpen: HasOpenSizes)));
        Outputs = Array.AsReadOnly(Array.ConvertAll(
            _plan.Results[..^_plan.Graph.InitialStates.Length],
            t => new TensorInfo(t, HasDynamicBatch, _plan.IsLater(t), HasOpenSizes)));
        _isOnlyBatchOpen = HasOpenSizes && Inputs.All(i => !i.Shape.Skip(1).Contains(-1));
        _elementsPerSample = Inputs.Count == 0 ? 0 : _isOnlyBatchOpen ? ElementsBehindBatch(Inputs[0])
            : HasDynamicBatch ? Inputs[0].ElementsPerSample : 0;
        LockFreePool<SessionMemory>? memories = HasOpenSizes ? new(SessionPool.Capacity) : null;
        _sessions = new SessionPool(_plan, _workers, memories);
        if (HasOpenSizes)
            _open = new OpenPlans(file, _sessions, memories!);
    }

    /// <summary>The inputs, in the order of the file.</summary>
    public IReadOnlyList<TensorInfo> Inputs { get; }

    /// <summary>The outputs, in the order of the file.</summary>
    public IReadOnlyList<TensorInfo> Outputs { get; }

    /// <summary>
    /// Whether any number of samples can be run at once: the first dimension of all inputs is variable in the file, and no
    /// operator mixes samples.
    /// </summary>
    public bool HasDynamicBatch { get; }

    internal ExecutionPlan Plan => _plan;

    internal SessionPool Sessions => _sessions;

    /// <summary>
    /// Loads a model. The memory is used in place and must not change while the model lives. The packed form, which the build
    /// embeds where it is smaller, is expanded first.
    /// </summary>
    /// <exception cref="InvalidModelException">The file is damaged or uses something that is not supported.</exception>
    public static TfliteModel Load(ReadOnlyMemory<byte> file, RuntimeOptions? options = null) => new(file, options);

    /// <summary>
    /// Loads a model from the rest of a stream. An <see cref="UnmanagedMemoryStream"/>, such as that of an embedded
    /// resource, is used in place, its memory must live as long as the model; other streams are read into memory.
    /// </summary>
    /// <exception cref="InvalidModelException">The file is damaged or uses something that is not supported.</exception>
    public static TfliteModel Load(Stream stream, RuntimeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        if (stream is UnmanagedMemoryStream unmanaged)
            return new TfliteModel(new StreamMemory(unmanaged).Memory, options);
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return new TfliteModel(copy.GetBuffer().AsMemory(0, (int)copy.Length), options);
    }

    /// <summary>Loads a model embedded in an assembly; a plain file is not copied, a packed one is expanded.</summary>
    /// <exception cref="InvalidModelException">The assembly has no such resource, or it cannot be run.</exception>
    public static TfliteModel LoadResource(Assembly assembly, string name, RuntimeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(assembly);
        Stream stream = assembly.GetManifestResourceStream(name)
            ?? throw new InvalidModelException($"Assembly '{assembly.GetName().Name}' has no resource '{name}'.");
        return Load(stream, options);
    }

    /// <summary>Runs a model that has one input and one output, on one or several samples.</summary>
    /// <exception cref="ArgumentException">A type or a number of elements does not fit the model.</exception>
    public void Run<TInput, TOutput>(ReadOnlySpan<TInput> input, Span<TOutput> output)
        where TInput : unmanaged
        where TOutput : unmanaged
    {
        if (Inputs.Count != 1 || Outputs.Count != 1)
            throw new ArgumentException(
                $"The model has {Inputs.Count} inputs and {Outputs.Count} outputs: use {nameof(Begin)}.");
        if (_plan.Next is not null || HasOpenSizes || HasState)
        {
            using ModelCall call = HasOpenSizes ? Begin(SizesOf(input.Length)) : Begin();
            call.SetInput(0, input);
            call.Run();
            call.GetOutput(0, output);
            return;
        }

        int batch = BatchOf(input.Length);
        ReadOnlySpan<byte> inputBytes = CheckInput(0, input, batch);
        Span<byte> outputBytes = CheckOutput(0, output, batch);
        Session session = RentSession();
        if (batch == 1)
        {
            session.SetSample(0, inputBytes);
            session.Run();
            session.Output(0).CopyTo(outputBytes);
        }
        else
        {
            session.RunBatch(inputBytes, outputBytes, batch);
        }

        _sessions.Return(session);
    }

    /// <summary>
    /// Starts a call; where sizes are open, with those that stand in the file. Dispose of it on any thread, one thread at a time.
    /// </summary>
    /// <param name="batch">
    /// Number of samples; other than 1 only when <see cref="HasDynamicBatch"/>, or when nothing but the first dimension is open.
    /// </param>
    public ModelCall Begin(int batch = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
        if (batch != 1 && _isOnlyBatchOpen)
            return BeginBatch(batch);
        if (batch != 1 && HasOpenSizes)
            throw new ArgumentException("The model has open sizes, and the batch is one of them: give all sizes.", nameof(batch));
        if (batch != 1 && !HasDynamicBatch)
            throw new ArgumentException("The model's batch is fixed: it runs one input at a time.", nameof(batch));
        return new ModelCall(this, RentSession(), batch, batch);
    }

    /// <summary>
    /// Number of samples that the elements of the first input make; at least 1. Other lengths are reported by the call that uses them.
    /// </summary>
    public int BatchOf(int elements) =>
        _elementsPerSample > 0 && elements > 0 && elements % _elementsPerSample == 0 ? elements / _elementsPerSample : 1;

    /// <summary>
    /// Releases pooled memory and, with the last model that uses them, ends the worker threads. Running calls end normally.
    /// </summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, true))
            return;
        SharedWorkers.Return(_workers);
        _sessions.Clear();
        _outputs.Clear();
        _open?.Clear();
    }

    internal Session RentSession()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return _sessions.Rent();
    }

    internal static void Return(Session session) => session.Pool.Return(session);

    internal OutputBuffer RentOutputs() => _outputs.TryRent() ?? new OutputBuffer(Outputs.Count);

    internal void Return(OutputBuffer outputs) => _outputs.Return(outputs);

    internal ReadOnlySpan<byte> CheckInput<T>(int index, ReadOnlySpan<T> values, int batch)
        where T : unmanaged
    {
        Check<T>("Input", Inputs, index, values.Length, batch);
        return MemoryMarshal.AsBytes(values);
    }

    internal Span<byte> CheckOutput<T>(int index, Span<T> values, int batch)
        where T : unmanaged
    {
        Check<T>("Output", Outputs, index, values.Length, batch);
        return MemoryMarshal.AsBytes(values);
    }

    /// <summary>The shape of an output of a call.</summary>
    internal ReadOnlySpan<int> ShapeOf(Session session, int index, int batch)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Outputs.Count);
        return HasOpenSizes && !session.HasStages ? session.ShapeOf(index, batch) : ShapeOf(index, batch, session.BatchOutputs);
    }

    /// <summary>The shape of an output of a call.</summary>
    internal ReadOnlySpan<int> ShapeOf(int index, int batch, OutputBuffer results)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Outputs.Count);
        if ((_plan.Next is not null || HasOpenSizes) && results.Shape(index) is { } shape)
            return shape;
        int[] sizes = [.. Outputs[index].Shape];
        if (HasDynamicBatch)
            sizes[0] = batch;
        return sizes;
    }

    internal ReadOnlySpan<T> CastOutput<T>(int index, ReadOnlySpan<byte> bytes)
        where T : unmanaged
    {
        ReadOnlySpan<T> values = MemoryMarshal.Cast<byte, T>(bytes);
        Check<T>("Output", Outputs, index, values.Length, 0);
        return values;
    }

    // A batch of 0 leaves the number of elements unchecked.
    private static void Check<T>(string what, IReadOnlyList<TensorInfo> tensors, int index, int length, int batch)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, tensors.Count);
        TensorInfo tensor = tensors[index];
        if (typeof(T) != tensor.ElementType)
            throw new ArgumentException(
                $"{what} '{tensor.Name}' has elements of type {tensor.ElementType.Name}, not {typeof(T).Name}.");
        long expected = (long)batch * tensor.ElementsPerSample;
        if (batch != 0 && !tensor.DependsOnValues && !tensor.HasOpenSizes && length != expected)
        {
            string samples = batch == 1 ? "" : $" for a batch of {batch}";
            throw new ArgumentException(
                $"{what} '{tensor.Name}' has shape [{string.Join(", ", tensor.Shape)}], {expected} elements{samples}; {length} were "
                    + "given.");
        }
    }
}
