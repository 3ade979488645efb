namespace ModelOpt.Runtime;

/// <summary>
/// The outputs of one call, in memory that belongs to the caller until <see cref="Dispose"/>, which gives it back for
/// later calls. Without Dispose the memory is collected as garbage; no other call ever gets it.
/// </summary>
public readonly ref struct ModelOutputs : IDisposable
{
    private readonly TfliteModel _model;
    private readonly OutputBuffer _buffer;
    private readonly int _batch;
    private readonly int _lease;

    internal ModelOutputs(TfliteModel model, OutputBuffer buffer, int batch)
    {
        _batch = batch;
        _model = model;
        _buffer = buffer;
        _lease = buffer.Lease;
    }

    /// <summary>All elements of an output, sample after sample.</summary>
    /// <exception cref="ArgumentException"><typeparamref name="T"/> is not the output's element type.</exception>
    /// <exception cref="ObjectDisposedException">The outputs were disposed of.</exception>
    public ReadOnlySpan<T> Get<T>(int index)
        where T : unmanaged
    {
        return _model.CastOutput<T>(index, Current()[index]);
    }

    /// <summary>The sizes of an output, of all samples.</summary>
    /// <exception cref="ObjectDisposedException">The outputs were disposed of.</exception>
    public ReadOnlySpan<int> GetShape(int index) => _model.ShapeOf(index, _batch, Current());

    private OutputBuffer Current() =>
        _buffer is not null && _buffer.Lease == _lease ? _buffer : throw new ObjectDisposedException(nameof(ModelOutputs));

    /// <summary>Gives the memory back. Spans obtained from <see cref="Get"/> must not be used afterwards.</summary>
    public void Dispose()
    {
        if (_buffer is not null && _buffer.TryEnd(_lease))
            _model.Return(_buffer);
    }
}
