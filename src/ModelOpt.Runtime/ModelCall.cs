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

    internal ModelCall(TfliteModel model, Session session, int batch)
    {
        _model = model;
        _session = session;
        _lease = session.Lease;
        session.Begin();
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
        session.SetInput(index, Batch, _model.CheckInput(index, values, Batch));
    }

    /// <summary>Computes the outputs. To run again, set every input again.</summary>
    /// <exception cref="InvalidOperationException">An input was not set.</exception>
    public void Run() => Current().RunBatch(Batch);

    /// <summary>Copies an output, sample after sample.</summary>
    /// <exception cref="ArgumentException">The element type or the number of elements is not that of the output.</exception>
    public void GetOutput<T>(int index, Span<T> destination)
        where T : unmanaged
    {
        Session session = Current();
        Span<byte> to = _model.CheckOutput(index, destination, Batch);
        ReadOnlySpan<byte> output = session.BatchOutput(index);
        if (output.Length != to.Length)
            throw new ArgumentException($"Output '{_model.Outputs[index].Name}' has {output.Length} bytes in this run, not {to.Length}.");
        output.CopyTo(to);
    }

    /// <summary>The sizes of an output, of all samples; where they depend on values, those of the last run.</summary>
    public ReadOnlySpan<int> GetOutputShape(int index) => _model.ShapeOf(index, Batch, Current().BatchOutputs);

    /// <summary>Hands over the outputs, which then outlive this call. The call has no outputs afterwards, until it is run again.</summary>
    public ModelOutputs TakeOutputs()
    {
        Session session = Current();
        session.SaveOutputs();
        OutputBuffer buffer = session.BatchOutputs;
        session.BatchOutputs = _model.RentOutputs();
        return new ModelOutputs(_model, buffer, Batch);
    }

    /// <summary>Ends the call and gives its memory back for later calls.</summary>
    public void Dispose()
    {
        if (_session is not null && _session.TryEnd(_lease))
            _model.Return(_session);
    }

    private Session Current()
    {
        if (_session is null || _session.Lease != _lease)
            throw new ObjectDisposedException(nameof(ModelCall));
        return _session;
    }
}
