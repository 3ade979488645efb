using System.Buffers;

namespace ModelOpt.Runtime;

/// <summary>The rest of an unmanaged stream as memory, not copied. Holds the stream, so that it is not collected before.</summary>
internal sealed unsafe class StreamMemory : MemoryManager<byte>
{
    private readonly UnmanagedMemoryStream _stream;
    private readonly byte* _start;
    private readonly int _length;

    public StreamMemory(UnmanagedMemoryStream stream)
    {
        long length = stream.Length - stream.Position;
        if (length > Array.MaxLength)
            throw new InvalidModelException("The model is larger than 2 GB.");
        _stream = stream;
        _start = stream.PositionPointer;
        _length = (int)length;
    }

    public override Span<byte> GetSpan() => new(_start, _length);

    public override MemoryHandle Pin(int elementIndex = 0) => new(_start + elementIndex);

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing) => GC.KeepAlive(_stream);
}
