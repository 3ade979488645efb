namespace ModelOpt.Runtime;

/// <summary>
/// One call of a model with several inputs or outputs: set every input, run, read the outputs, dispose.
/// <code>
/// using ModelCall call = model.Begin();
/// call.SetInput&lt;float&gt;(0, pixels);
/// call.Run();
/// call.GetOutput&lt;float&gt;(0, scores);
/// </code>
/// </summary>
public readonly ref struct ModelCall : IDisposable
{
    private readonly TfliteModel _model;
    private readonly Session _session;
    private readonly int _lease;

    private readonly int _samples;

    /// <param name="samples">How often the session runs.</param>
    /// <param name="state">The state to go on with; null to start anew.</param>
    internal ModelCall(TfliteModel model, Session session, int batch, int samples, ModelState? state = null)
    {
        _model = model;
        _samples = samples;
        _session = session;
        _lease = session.Lease;
        session.Begin(state);
        Batch = batch;
    }

    /// <summary>Number of samples.</summary>
    public int Batch { get; }

    /// <summary>Copies the values of an input, sample after sample.</summary>
    /// <exception cref="ArgumentException">The element type or the number of elements is not that of the input.</exception>
    public void SetInput<T>(int index, ReadOnlySpan<T> values)
        where T : unmanaged
    {
        Session session = Current();
        ReadOnlySpan<byte> bytes = _model.CheckInput(index, values, _samples);
        long expected = _samples * (long)session.InputBytes(index);
        if (bytes.Length != expected)
            throw new ArgumentException($"Input '{_model.Inputs[index].Name}' has {expected} bytes in this call, not {bytes.Length}.");
        session.SetInput(index, _samples, bytes);
    }

    /// <summary>Computes the outputs. To run again, set every input again; state that the model has goes on.</summary>
    /// <exception cref="InvalidOperationException">An input was not set.</exception>
    public void Run() => Current().RunBatch(_samples);

    /// <summary>Copies an output, sample after sample.</summary>
    /// <exception cref="ArgumentException">The element type or the number of elements is not that of the output.</exception>
    public void GetOutput<T>(int index, Span<T> destination)
        where T : unmanaged
    {
        Session session = Current();
        Span<byte> to = _model.CheckOutput(index, destination, _samples);
        ReadOnlySpan<byte> output = session.BatchOutput(index);
        if (output.Length != to.Length)
            throw new ArgumentException($"Output '{_model.Outputs[index].Name}' has {output.Length} bytes in this run, not {to.Length}.");
        output.CopyTo(to);
    }

    /// <summary>Bytes of memory that the call runs in. It grows to what the largest sizes so far need.</summary>
    public long MemoryBytes => Current().Memory!.Bytes;

    /// <summary>The sizes of an output, of all samples; where they depend on values, those of the last run.</summary>
    public ReadOnlySpan<int> GetOutputShape(int index) => _model.ShapeOf(Current(), index, _samples);

    /// <summary>Hands over the outputs, which then outlive this call. The call has no outputs afterwards, until it is run again.</summary>
    public ModelOutputs TakeOutputs()
    {
        Session session = Current();
        session.SaveOutputs();
        if (_model.HasOpenSizes)
            session.SaveShapes(_samples);
        OutputBuffer buffer = session.BatchOutputs;
        session.BatchOutputs = _model.RentOutputs();
        return new ModelOutputs(_model, buffer, Batch);
    }

    /// <summary>Ends the call and gives its memory back for later calls.</summary>
    public void Dispose()
    {
        if (_session is not null && _session.TryEnd(_lease))
            TfliteModel.Return(_session);
    }

    private Session Current()
    {
        if (_session is null || _session.Lease != _lease)
            throw new ObjectDisposedException(nameof(ModelCall));
        return _session;
    }
}
