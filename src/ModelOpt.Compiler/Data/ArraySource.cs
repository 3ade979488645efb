using System.Buffers.Binary;
using System.Runtime.InteropServices;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Data;

/// <summary>Samples that lie one behind the other in an array file: NumPy or IDX.</summary>
internal sealed class ArraySource : SampleSource
{
    private readonly SampleBytes _bytes;
    private readonly ArrayHeader _header;
    private readonly int[] _sampleDims;
    private readonly int _sampleBytes;

    /// <summary>Checks that the file holds what its header claims.</summary>
    /// <param name="bytes">Its bytes; closed with the source.</param>
    /// <exception cref="CompilationException">It does not, or there is no sample in it.</exception>
    public ArraySource(string file, SampleBytes bytes, ArrayHeader header)
    {
        File = file;
        _bytes = bytes;
        _header = header;
        if (header.Dims.Count == 0) throw DataDiagnostics.Unsupported.In(file, null, "a single number");
        string claim = $"[{string.Join(", ", header.Dims)}] elements of {header.Type}";
        if (header.Dims.Contains(0)) throw DataDiagnostics.Empty.In(file, null, claim);
        long sample = header.Type.Size(), total;
        try
        {
            foreach (long dim in header.Dims.Skip(1)) sample = checked(sample * dim);
            total = checked((sample * header.Dims[0]) + header.Offset);
        }
        catch (OverflowException)
        {
            total = long.MaxValue;
        }

        long available = bytes.Available(total);
        if (available < total)
        {
            throw DataDiagnostics.Damaged.In(
                file, null, $"it claims {claim}, but {available - header.Offset} bytes follow its header");
        }

        if (sample > Array.MaxLength || header.Dims.Any(dim => dim > int.MaxValue))
            throw DataDiagnostics.Unsupported.In(file, null, claim);
        _sampleBytes = (int)sample;
        Count = (int)header.Dims[0];
        _sampleDims = [.. header.Dims.Skip(1).Select(dim => (int)dim)];
    }

    public override string File { get; }

    public override int Count { get; }

    public override ElementType Type => _header.Type;

    public override IReadOnlyList<IReadOnlyList<int>> Shapes => [_sampleDims];

    public override Tensor Read(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        byte[] sample = new byte[_sampleBytes];
        try
        {
            _bytes.Read(_header.Offset + ((long)index * _sampleBytes), sample);
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            throw DataDiagnostics.Damaged.In(File, e, $"sample {index} cannot be read");
        }

        if (_header.BigEndian) Swap(sample, Type.Size());
        return new Tensor(Type, _sampleDims, sample);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) _bytes.Dispose();
        base.Dispose(disposing);
    }

    private static void Swap(Span<byte> sample, int size)
    {
        if (size == 2)
        {
            Span<ushort> words = MemoryMarshal.Cast<byte, ushort>(sample);
            BinaryPrimitives.ReverseEndianness(words, words);
        }
        else if (size == 4)
        {
            Span<uint> words = MemoryMarshal.Cast<byte, uint>(sample);
            BinaryPrimitives.ReverseEndianness(words, words);
        }
        else if (size == 8)
        {
            Span<ulong> words = MemoryMarshal.Cast<byte, ulong>(sample);
            BinaryPrimitives.ReverseEndianness(words, words);
        }
    }
}
