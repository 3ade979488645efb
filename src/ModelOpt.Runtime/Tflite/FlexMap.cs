using System.Buffers.Binary;
using System.Text;

namespace ModelOpt.Runtime.Tflite;

/// <summary>
/// A map of numbers, flags and vectors of integers in a FlexBuffer, as custom operators of others have their options. Every offset is
/// checked.
/// </summary>
internal sealed class FlexMap
{
    private const int MaxEntries = 256;
    private const int MapType = 9, IndirectFirst = 6, IndirectLast = 8;

    private readonly Dictionary<string, double> _numbers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int[]> _vectors = new(StringComparer.Ordinal);

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
