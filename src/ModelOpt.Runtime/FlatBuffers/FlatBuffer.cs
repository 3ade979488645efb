using System.Buffers.Binary;
using System.Text;

namespace ModelOpt.Runtime.FlatBuffers;

/// <summary>
/// Bytes in FlatBuffers format. Every read is checked against the length of the data; a reference out of it throws
/// <see cref="InvalidModelException"/>. Nothing is copied, and nothing is followed that the caller does not ask for.
/// </summary>
internal sealed class FlatBuffer(ReadOnlyMemory<byte> data)
{
    public ReadOnlyMemory<byte> Data => data;

    /// <summary>The root table, of a file with the four-letter <paramref name="identifier"/>.</summary>
    public FlatTable Root(string identifier)
    {
        if (data.Length < 8)
            throw new InvalidModelException($"The file has {data.Length} bytes: too short for a model.");
        if (!data.Span.Slice(4, 4).SequenceEqual(Encoding.ASCII.GetBytes(identifier)))
            throw new InvalidModelException($"The file identifier is not '{identifier}': this is not such a model.");
        return new FlatTable(this, Follow(0));
    }

    public ReadOnlySpan<byte> Bytes(long position, long length)
    {
        if (position < 0 || length < 0 || position > data.Length - length)
            throw new InvalidModelException(
                $"The file is damaged: {length} bytes at offset {position} lie outside of its {data.Length} bytes.");
        return data.Span.Slice((int)position, (int)length);
    }

    public ushort UInt16(long position) => BinaryPrimitives.ReadUInt16LittleEndian(Bytes(position, 2));

    public int Int32(long position) => BinaryPrimitives.ReadInt32LittleEndian(Bytes(position, 4));

    public uint UInt32(long position) => BinaryPrimitives.ReadUInt32LittleEndian(Bytes(position, 4));

    /// <summary>The target of the offset stored at <paramref name="position"/>.</summary>
    public int Follow(long position)
    {
        long target = position + UInt32(position);
        if (target > data.Length - 4)
            throw new InvalidModelException(
                $"The file is damaged: the reference at offset {position} leads to {target}, outside of its {data.Length} bytes.");
        return (int)target;
    }

    /// <summary>Position of the first element and number of elements of the vector that starts at <paramref name="position"/>.</summary>
    public (int Start, int Count) Vector(int position, int elementSize)
    {
        long count = UInt32(position);
        Bytes(position + 4L, count * elementSize);
        return (position + 4, (int)count);
    }
}
