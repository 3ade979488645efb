using System.Buffers.Binary;
using System.Text;

namespace ModelOpt.Runtime.Tflite;

/// <summary>
/// A map of numbers, flags, vectors of integers and bytes in a FlexBuffer, as custom operators of others and composites have their options.
/// Every offset is checked.
/// </summary>
internal sealed class FlexMap
{
    private const int MaxEntries = 256;
    private const int MapType = 9, IndirectFirst = 6, IndirectLast = 8, BlobType = 25;

    private readonly Dictionary<string, double> _numbers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int[]> _vectors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, byte[]> _blobs = new(StringComparer.Ordinal);

    /// <summary>Reads a map.</summary>
    /// <exception cref="InvalidModelException">It is damaged.</exception>
    public FlexMap(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 3)
            throw Damaged();
        int rootWidth = bytes[^1], type = bytes[^2], width = 1 << (type & 3);
        if (type >> 2 != MapType || rootWidth is not (1 or 2 or 4 or 8))
            throw Damaged();
        int map = Follow(bytes, bytes.Length - 2 - rootWidth, rootWidth);
        int count = Length(bytes, map, width), keys = Follow(bytes, map - (3 * width), width);
        long keyWidth = Unsigned(bytes, map - (2 * width), width);
        if (keyWidth is not (1 or 2 or 4 or 8) || Length(bytes, keys, (int)keyWidth) != count)
            throw Damaged();
        for (int i = 0; i < count; i++)
        {
            string key = Text(bytes, Follow(bytes, keys + (i * (int)keyWidth), (int)keyWidth));
            int kind = Slice(bytes, map + (count * width) + i, 1)[0], at = map + (i * width);
            Add(bytes, key, kind, at, width);
        }
    }

    /// <summary>A number or flag; what it is where it is left out, otherwise.</summary>
    public double Number(string key, double otherwise = 0) => _numbers.GetValueOrDefault(key, otherwise);

    /// <summary>A number that is an integer.</summary>
    public int Int(string key, int otherwise = 0) => (int)Math.Clamp(Number(key, otherwise), int.MinValue, int.MaxValue);

    /// <summary>A vector of integers; empty where there is none.</summary>
    public int[] Ints(string key) => _vectors.GetValueOrDefault(key, []);

    /// <summary>Bytes; none where there are none.</summary>
    public byte[] Bytes(string key) => _blobs.GetValueOrDefault(key, []);

    /// <summary>A map that has bytes under one key.</summary>
    public static byte[] Write(string key, ReadOnlySpan<byte> blob)
    {
        const int Width = 4, WidthBits = 2;
        byte[] name = [.. Encoding.UTF8.GetBytes(key), 0];
        int blobAt = Width, keyAt = Aligned(blobAt + blob.Length), keys = Aligned(keyAt + name.Length) + Width, map = keys + (4 * Width);
        // The root is one byte: how far the map, of one element and its type, is before it.
        byte[] bytes = new byte[map + Width + 4];
        blob.CopyTo(bytes.AsSpan(blobAt));
        name.CopyTo(bytes.AsSpan(keyAt));
        Put(0, blob.Length);
        Put(keys - Width, 1);
        Put(keys, keys - keyAt);
        Put(map - (3 * Width), map - (3 * Width) - keys);
        Put(map - (2 * Width), Width);
        Put(map - Width, 1);
        Put(map, map - blobAt);
        ((ReadOnlySpan<byte>)[(BlobType << 2) | WidthBits, Width + 1, (MapType << 2) | WidthBits, 1]).CopyTo(bytes.AsSpan(map + Width));
        return bytes;

        static int Aligned(int length) => (length + Width - 1) & -Width;

        void Put(int at, int value) => BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at), value);
    }

    private void Add(ReadOnlySpan<byte> bytes, string key, int kind, int at, int parentWidth)
    {
        int type = kind >> 2, width = 1 << (kind & 3);
        if (type is >= IndirectFirst and <= IndirectLast)
        {
            _numbers[key] = Scalar(bytes, type - 5, Follow(bytes, at, parentWidth), width);
            return;
        }

        if (Scalar(type))
        {
            _numbers[key] = Scalar(bytes, type, at, parentWidth);
            return;
        }

        if (type == BlobType)
        {
            int blob = Follow(bytes, at, parentWidth);
            long length = Unsigned(bytes, blob - width, width);
            _blobs[key] = length is >= 0 and <= int.MaxValue ? Slice(bytes, blob, (int)length).ToArray() : throw Damaged();
            return;
        }

        // 10: a vector with a type for each element; 11 and 12: of integers.
        if (type is not (10 or 11 or 12))
            return;
        int vector = Follow(bytes, at, parentWidth), count = Length(bytes, vector, width);
        int[] values = new int[count];
        for (int i = 0; i < count; i++)
        {
            int element = type == 10 ? Slice(bytes, vector + (count * width) + i, 1)[0] >> 2 : type - 10;
            values[i] = (int)Math.Clamp(Scalar(bytes, element, vector + (i * width), width), int.MinValue, int.MaxValue);
        }

        _vectors[key] = values;
    }

    private static bool Scalar(int type) => type is 0 or 1 or 2 or 3 or 26;

    private static double Scalar(ReadOnlySpan<byte> bytes, int type, int at, int width) => type switch
    {
        0 => 0,
        1 => Signed(bytes, at, width),
        2 or 26 => Unsigned(bytes, at, width),
        3 when width == 4 => BinaryPrimitives.ReadSingleLittleEndian(Slice(bytes, at, 4)),
        3 when width == 8 => BinaryPrimitives.ReadDoubleLittleEndian(Slice(bytes, at, 8)),
        _ => throw Damaged(),
    };

    private static string Text(ReadOnlySpan<byte> bytes, int at)
    {
        ReadOnlySpan<byte> rest = Slice(bytes, at, bytes.Length - at);
        int length = rest.IndexOf((byte)0);
        return length < 0 ? throw Damaged() : Encoding.UTF8.GetString(rest[..length]);
    }

    private static int Length(ReadOnlySpan<byte> bytes, int vector, int width)
    {
        long count = Unsigned(bytes, vector - width, width);
        return count is >= 0 and <= MaxEntries ? (int)count : throw Damaged();
    }

    private static int Follow(ReadOnlySpan<byte> bytes, int at, int width)
    {
        long offset = Unsigned(bytes, at, width);
        return offset < 0 || offset > at ? throw Damaged() : at - (int)offset;
    }

    private static long Signed(ReadOnlySpan<byte> bytes, int at, int width)
    {
        long value = Unsigned(bytes, at, width);
        int shift = 64 - (8 * width);
        return value << shift >> shift;
    }

    private static long Unsigned(ReadOnlySpan<byte> bytes, int at, int width)
    {
        long value = 0;
        ReadOnlySpan<byte> part = Slice(bytes, at, width);
        for (int i = 0; i < width; i++)
            value |= (long)part[i] << (8 * i);
        return value;
    }

    private static ReadOnlySpan<byte> Slice(ReadOnlySpan<byte> bytes, int at, int length) =>
        at >= 0 && length >= 0 && at <= bytes.Length - length ? bytes.Slice(at, length) : throw Damaged();

    private static InvalidModelException Damaged() => new("The file is damaged: the options of a custom operator cannot be read.");
}
