using Microsoft.Win32.SafeHandles;

namespace ModelOpt.Compiler.Data;

/// <summary>The bytes of an array file, read where needed.</summary>
internal abstract class SampleBytes : IDisposable
{
    /// <summary>Fills a buffer.</summary>
    /// <param name="buffer">Takes the bytes.</param>
    /// <exception cref="EndOfStreamException">There are not that many.</exception>
    public abstract void Read(long offset, Span<byte> buffer);

    /// <summary>How many of the first <paramref name="length"/> bytes there are.</summary>
    public abstract long Available(long length);

    public abstract void Dispose();
}

/// <summary>The bytes of an uncompressed file.</summary>
internal sealed class FileBytes(string path) : SampleBytes
{
    private readonly SafeFileHandle _handle =
        File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.RandomAccess);

    public override void Read(long offset, Span<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            int read = RandomAccess.Read(_handle, buffer, offset);
            if (read == 0) throw new EndOfStreamException();
            offset += read;
            buffer = buffer[read..];
        }
    }

    public override long Available(long length) => Math.Min(RandomAccess.GetLength(_handle), length);

    public override void Dispose() => _handle.Dispose();
}

/// <summary>
/// The bytes of a compressed file. Reading backwards decompresses again from the start, so that memory does not grow with the data. If
/// that happens often, as in training, the bytes are expanded once and kept, unless they are far larger than the file.
/// </summary>
/// <param name="open">Opens the decompressed stream at its start, and what to close after it.</param>
internal sealed class CompressedBytes(string file, Func<(Stream Content, IDisposable Owner)> open) : SampleBytes
{
    // As often as calibration and other readers start over.
    private const int MostRestarts = 16;

    // Data shrinks to a hundredth at best; a file that claims more is kept only if it is small.
    private const int MostExpansion = 100, SmallBytes = 1 << 26;

    private readonly Lock _gate = new();
    private Stream? _stream;
    private IDisposable? _owner;
    private long _position;
    private int _restarts;
    private byte[]? _expanded;

    public override void Read(long offset, Span<byte> buffer)
    {
        if (_expanded is { } bytes)
        {
            if (offset + buffer.Length > bytes.Length) throw new EndOfStreamException();
            bytes.AsSpan((int)offset, buffer.Length).CopyTo(buffer);
            return;
        }

        lock (_gate)
        {
            if (offset < _position && ++_restarts > MostRestarts) Expand();
            if (Seek(offset) < offset) throw new EndOfStreamException();
            _stream!.ReadExactly(buffer);
            _position += buffer.Length;
        }
    }

    public override long Available(long length)
    {
        lock (_gate) return Seek(length);
    }

    public override void Dispose()
    {
        lock (_gate) Close();
    }

    private void Close()
    {
        _stream?.Dispose();
        _owner?.Dispose();
        (_stream, _owner) = (null, null);
    }

    /// <summary>Keeps all bytes, if one array can and they are not many times those of the file.</summary>
    private void Expand()
    {
        long most = Math.Min(Array.MaxLength, SmallBytes + (MostExpansion * new FileInfo(file).Length));
        using MemoryStream content = new();
        (Stream whole, IDisposable of) = open();
        using (of)
        using (whole)
        {
            byte[] part = new byte[1 << 16];
            for (int read; (read = whole.Read(part)) > 0; content.Write(part, 0, read))
            {
                if (content.Length <= most - part.Length) continue;
                _restarts = int.MinValue;
                return;
            }
        }

        _expanded = content.ToArray();
    }

    private long Seek(long offset)
    {
        if (_stream is null || offset < _position)
        {
            Close();
            (_stream, _owner) = open();
            _position = 0;
        }

        Span<byte> skipped = stackalloc byte[4096];
        while (_position < offset)
        {
            int read = _stream.Read(skipped[..(int)Math.Min(skipped.Length, offset - _position)]);
            if (read == 0) break;
            _position += read;
        }

        return _position;
    }
}
