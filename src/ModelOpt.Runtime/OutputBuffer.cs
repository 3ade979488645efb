namespace ModelOpt.Runtime;

/// <summary>Memory of all outputs of a call. Pooled; while a caller reads it, nobody else writes to it.</summary>
internal sealed class OutputBuffer(int outputs)
{
    private readonly byte[][] _bytes = new byte[outputs][];
    private readonly int[] _lengths = new int[outputs];
    private readonly int[]?[] _shapes = new int[outputs][];
    private int _lease;

    /// <summary>Number of the current lease; copies of it that are out of date do nothing.</summary>
    public int Lease => Volatile.Read(ref _lease);

    /// <summary>Ends a lease. False when it has ended before.</summary>
    public bool TryEnd(int lease) => Interlocked.CompareExchange(ref _lease, lease + 1, lease) == lease;

    /// <summary>Makes room for an output, in memory that does not move.</summary>
    public Span<byte> Resize(int index, int length)
    {
        if (_bytes[index] is null || _bytes[index].Length < length)
            _bytes[index] = GC.AllocateUninitializedArray<byte>(length, pinned: true);
        _lengths[index] = length;
        return _bytes[index].AsSpan(0, length);
    }

    /// <summary>Says the shape of an output whose sizes differ from call to call.</summary>
    public void SetShape(int index, int[] shape) => _shapes[index] = shape;

    /// <summary>The shape of an output; null where it is always the same.</summary>
    public int[]? Shape(int index) => _shapes[index];

    public Span<byte> this[int index] => _bytes[index].AsSpan(0, _lengths[index]);
}
