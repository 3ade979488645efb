using System.Buffers.Binary;

namespace ModelOpt.Runtime.FlatBuffers;

/// <summary>
/// A table of a <see cref="FlatBuffer"/>. Fields are addressed by their id, the index of their declaration in the schema.
/// A field that the file leaves out has the default given, or is empty.
/// </summary>
internal readonly struct FlatTable
{
    private readonly FlatBuffer? _buffer;
    private readonly int _position;
    private readonly int _vtable;
    private readonly int _vtableBytes;
    private readonly int _tableBytes;

    public FlatTable(FlatBuffer buffer, int position)
    {
        _buffer = buffer;
        _position = position;
        long vtable = (long)position - buffer.Int32(position);
        _vtableBytes = buffer.UInt16(vtable);
        _tableBytes = buffer.UInt16(vtable + 2);
        _vtable = (int)vtable;
        buffer.Bytes(vtable, Math.Max(_vtableBytes, 4));
        buffer.Bytes(position, Math.Max(_tableBytes, 4));
    }

    public bool Has(int id) => Field(id, 1) != 0;

    public bool Bool(int id) => Byte(id) != 0;

    public byte Byte(int id, byte defaultValue = 0) =>
        Field(id, 1) is var p and not 0 ? _buffer!.Bytes(p, 1)[0] : defaultValue;

    public int Int32(int id, int defaultValue = 0) =>
        Field(id, 4) is var p and not 0 ? _buffer!.Int32(p) : defaultValue;

    public uint UInt32(int id, uint defaultValue = 0) =>
        Field(id, 4) is var p and not 0 ? _buffer!.UInt32(p) : defaultValue;

    public ulong UInt64(int id) =>
        Field(id, 8) is var p and not 0 ? BinaryPrimitives.ReadUInt64LittleEndian(_buffer!.Bytes(p, 8)) : 0;

    public float Single(int id, float defaultValue = 0) =>
        Field(id, 4) is var p and not 0 ? BitConverter.Int32BitsToSingle(_buffer!.Int32(p)) : defaultValue;

    /// <summary>A table, or one without fields when absent.</summary>
    public FlatTable Table(int id) =>
        Field(id, 4) is var p and not 0 ? new FlatTable(_buffer!, _buffer!.Follow(p)) : default;

    /// <summary>A vector of tables, empty when absent.</summary>
    public FlatTableVector Tables(int id)
    {
        if (Field(id, 4) is var p && p == 0)
            return default;
        var (start, count) = _buffer!.Vector(_buffer.Follow(p), 4);
        return new FlatTableVector(_buffer, start, count);
    }

    /// <summary>A vector of int32 numbers; empty when absent.</summary>
    public Int32Vector Int32s(int id) => new(Memory(id, sizeof(int)).Span);

    /// <summary>The bytes of a vector, in place; empty when absent.</summary>
    public ReadOnlyMemory<byte> Memory(int id, int elementSize = 1)
    {
        if (Field(id, 4) is var p && p == 0)
            return default;
        var (start, count) = _buffer!.Vector(_buffer.Follow(p), elementSize);
        return _buffer.Data.Slice(start, count * elementSize);
    }

    private int Field(int id, int size)
    {
        int slot = 4 + 2 * id;
        if (_buffer is null || slot + 2 > _vtableBytes)
            return 0;
        int offset = _buffer.UInt16(_vtable + slot);
        if (offset == 0)
            return 0;
        if (offset < 4 || offset + size > _tableBytes)
            throw new InvalidModelException(
                $"The file is damaged: field {id} of the table at offset {_position} lies outside of the table.");
        return _position + offset;
    }
}

/// <summary>A vector of int32 numbers of a <see cref="FlatBuffer"/>, read in place and not necessarily aligned.</summary>
internal readonly ref struct Int32Vector(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    public int Length => _bytes.Length / sizeof(int);

    public int this[int index] => BinaryPrimitives.ReadInt32LittleEndian(_bytes[(index * sizeof(int))..]);

    public int[] ToArray()
    {
        var values = new int[Length];
        for (int i = 0; i < values.Length; i++)
            values[i] = this[i];
        return values;
    }
}

/// <summary>A vector of tables of a <see cref="FlatBuffer"/>.</summary>
internal readonly struct FlatTableVector(FlatBuffer buffer, int start, int count)
{
    public int Count => count;

    public FlatTable this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)count);
            return new FlatTable(buffer, buffer.Follow(start + 4L * index));
        }
    }
}
