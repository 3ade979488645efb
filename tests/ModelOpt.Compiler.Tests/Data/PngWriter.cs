using System.Buffers.Binary;
using System.IO.Compression;

namespace ModelOpt.Compiler.Tests.Data;

/// <summary>Writes PNG images of every form from samples, for tests; bits are packed one by one.</summary>
internal static class PngWriter
{
    /// <param name="samples">Sample c of pixel (x, y) as stored, 0…2^depth − 1.</param>
    /// <param name="filters">The filter of each row, taken in turn.</param>
    public static byte[] Write(
        int width, int height, int depth, int colorType, bool interlaced, Func<int, int, int, int> samples,
        int[] filters, byte[]? palette = null, int chunk = 50)
    {
        int channels = colorType switch { 2 => 3, 4 => 2, 6 => 4, _ => 1 };
        var raw = new List<byte>();
        int row = 0;
        (int[] Columns, int[] Rows)[] passes = interlaced
            ? [
                (Every(0, 8, width), Every(0, 8, height)), (Every(4, 8, width), Every(0, 8, height)),
                (Every(0, 4, width), Every(4, 8, height)), (Every(2, 4, width), Every(0, 4, height)),
                (Every(0, 2, width), Every(2, 4, height)), (Every(1, 2, width), Every(0, 2, height)),
                (Every(0, 1, width), Every(1, 2, height)),
            ]
            : [(Every(0, 1, width), Every(0, 1, height))];
        foreach ((int[] columns, int[] rows) in passes)
        {
            if (columns.Length == 0) continue;
            byte[] above = new byte[((columns.Length * channels * depth) + 7) / 8];
            foreach (int y in rows)
            {
                byte[] packed = Pack([.. columns.SelectMany(x => Enumerable.Range(0, channels).Select(c => samples(x, y, c)))], depth);
                int filter = filters[row++ % filters.Length];
                raw.Add((byte)filter);
                raw.AddRange(Filter(filter, packed, above, Math.Max(1, channels * depth / 8)));
                above = packed;
            }
        }

        var zlib = new MemoryStream();
        using (var stream = new ZLibStream(zlib, CompressionLevel.Optimal, leaveOpen: true)) stream.Write([.. raw]);

        var file = new List<byte> { 0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10 };
        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9], header[12]) = ((byte)depth, (byte)colorType, interlaced ? (byte)1 : (byte)0);
        file.AddRange(Chunk("IHDR", header));
        file.AddRange(Chunk("tEXt", [1, 2, 3]));
        if (palette is not null) file.AddRange(Chunk("PLTE", palette));
        foreach (byte[] part in zlib.ToArray().Chunk(chunk)) file.AddRange(Chunk("IDAT", part));
        file.AddRange(Chunk("IEND", []));
        return [.. file];
    }

    /// <summary>A grey or RGB image of 8 bits.</summary>
    public static byte[] Write(int width, int height, int colorType, Func<int, int, int, int> samples) =>
        Write(width, height, 8, colorType, false, samples, [0]);

    public static byte[] Chunk(string type, byte[] content)
    {
        byte[] chunk = new byte[12 + content.Length];
        BinaryPrimitives.WriteInt32BigEndian(chunk, content.Length);
        System.Text.Encoding.ASCII.GetBytes(type, chunk.AsSpan(4));
        content.CopyTo(chunk, 8);
        uint crc = uint.MaxValue;
        foreach (byte value in chunk.AsSpan(4, 4 + content.Length))
        {
            crc ^= value;
            for (int i = 0; i < 8; i++) crc = (crc >> 1) ^ ((crc & 1) * 0xEDB88320);
        }

        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(8 + content.Length), ~crc);
        return chunk;
    }

    private static int[] Every(int start, int step, int size) =>
        [.. Enumerable.Range(0, size).Where(i => i >= start && (i - start) % step == 0)];

    private static byte[] Pack(int[] samples, int depth)
    {
        byte[] packed = new byte[((samples.Length * depth) + 7) / 8];
        for (int bit = 0; bit < samples.Length * depth; bit++)
        {
            int value = (samples[bit / depth] >> (depth - 1 - (bit % depth))) & 1;
            packed[bit / 8] |= (byte)(value << (7 - (bit % 8)));
        }

        return packed;
    }

    private static IEnumerable<byte> Filter(int filter, byte[] row, byte[] above, int before)
    {
        for (int i = 0; i < row.Length; i++)
        {
            int left = i < before ? 0 : row[i - before], up = above[i], corner = i < before ? 0 : above[i - before];
            int estimate = left + up - corner;
            int nearest = new[] { left, up, corner }.MinBy(x => Math.Abs(estimate - x));
            yield return (byte)(row[i] - (filter switch { 0 => 0, 1 => left, 2 => up, 3 => (left + up) >> 1, _ => nearest }));
        }
    }
}
