using System.Runtime.InteropServices;
using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Training;

/// <summary>
/// Writes the state of training, or reads it: each member writes its argument and returns it, or returns the value read. So everything
/// with state lists it once.
/// </summary>
internal sealed class StateStream
{
    private readonly BinaryWriter? _writer;
    private readonly BinaryReader? _reader;

    private StateStream(BinaryWriter? writer, BinaryReader? reader) => (_writer, _reader) = (writer, reader);

    /// <summary>Whether state is read.</summary>
    public bool IsReading => _reader is not null;

    /// <summary>Writes to a stream.</summary>
    public static StateStream To(Stream stream) => new(new BinaryWriter(stream), null);

    /// <summary>A stream that reads a written state.</summary>
    public static StateStream From(Stream stream) => new(null, new BinaryReader(stream));

    /// <summary>An integer.</summary>
    public int Int(int value)
    {
        if (_reader is not null) return _reader.ReadInt32();
        _writer!.Write(value);
        return value;
    }

    /// <summary>A number, to the last bit.</summary>
    public double Double(double value)
    {
        if (_reader is not null) return _reader.ReadDouble();
        _writer!.Write(value);
        return value;
    }

    /// <summary>Elements of a span whose length is known, in place.</summary>
    /// <typeparam name="T">The elements' type.</typeparam>
    public void Elements<T>(Span<T> elements) where T : unmanaged
    {
        Span<byte> bytes = MemoryMarshal.AsBytes(elements);
        if (_reader is not null) _reader.BaseStream.ReadExactly(bytes);
        else _writer!.Write(bytes);
    }

    /// <summary>An array.</summary>
    /// <typeparam name="T">The elements' type.</typeparam>
    /// <param name="array">Its value; ignored when reading state.</param>
    public T[] Array<T>(T[]? array) where T : unmanaged
    {
        int length = Int(array?.Length ?? 0);
        array = IsReading ? new T[length] : array!;
        Elements(array.AsSpan());
        return array;
    }

    /// <summary>A tensor.</summary>
    /// <param name="tensor">Its value; ignored when reading state.</param>
    public Tensor Tensor(Tensor? tensor)
    {
        var type = (ElementType)Int((int)(tensor?.Type ?? default));
        int[] dims = Array(tensor?.Dims.ToArray());
        if (IsReading) tensor = Graphs.Tensor.Zeros(type, dims);
        Elements(tensor!.Bytes.Span);
        return tensor;
    }

    /// <summary>A value that may be absent, or unchanged from the start, which is then not written.</summary>
    /// <typeparam name="T">Its type.</typeparam>
    /// <param name="value">Its value; ignored when reading state.</param>
    /// <param name="content">Writes or reads it.</param>
    public T? Changed<T>(T? value, T? origin, Func<T?, T> content) where T : class
    {
        const int same = 0, absent = 1, present = 2;
        return Int(ReferenceEquals(value, origin) ? same : value is null ? absent : present) switch
        {
            same => origin,
            absent => null,
            _ => content(value),
        };
    }
}
