using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using System.Numerics;

namespace ModelOpt.Runtime.Storage;

/// <summary>
/// The embedded form of a model: a TFLite file whose weights are recoded, compressed by Brotli or range coded. It expands to exactly the
/// bytes of the file.
/// </summary>
/// <remarks>
/// A header of 16 bytes (magic, length of the file, its CRC-32C, length of the content, all little-endian), then the content
/// in Brotli. The content starts with the lengths of its four streams after the first and the number of segments, as LEB128
/// numbers. Segments (first stream) are: how many bytes of the file to copy, a <see cref="WeightCoding"/>, how many weights
/// follow; where these are <see cref="WeightForm.Product"/>, also how far from them their source begins (sign and magnitude, the
/// sign in the lowest bit), and where they are range coded, the distances of a <see cref="NeighborModel"/> and how many bytes of the
/// range coded
/// stream, which Brotli has no part in and which lies behind it. The other streams are bytes to copy, bitmaps, palettes and weights (or
/// indices): like is beside like, as Brotli needs it. The rest of the bytes to copy ends the file.
/// </remarks>
internal static class PackedModel
{
    /// <summary>Bytes of the header.</summary>
    public const int HeaderBytes = 16;

    /// <summary>
    /// How many times as large as its packed form a file may be. Bounds the memory that a few hostile bytes can ask for; files that
    /// compress better are not packed.
    /// </summary>
    public const int MaxRatio = 256;

    /// <summary>The first four bytes, the last of which is the version. In a TFLite file they would be an offset beyond its 2 GB.</summary>
    public static ReadOnlySpan<byte> Magic => [(byte)'M', (byte)'O', (byte)'P', 0x82];

    /// <summary>How long the content may be before compression: what describes the codings of many small layers, and some.</summary>
    /// <param name="length">Bytes of the file.</param>
    public static long MaxContent(int length) => length + (length / 16L) + 1024;

    /// <summary>Whether bytes are in this form.</summary>
    public static bool IsPacked(ReadOnlySpan<byte> data) => data.StartsWith(Magic);

    /// <summary>The TFLite file that is packed.</summary>
    /// <param name="packed">The packed form.</param>
    /// <exception cref="InvalidModelException">It is damaged.</exception>
    public static byte[] Expand(ReadOnlySpan<byte> packed)
    {
        if (!IsPacked(packed) || packed.Length < HeaderBytes)
            throw new InvalidModelException($"The packed model is damaged: {packed.Length} bytes are no header.");
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(packed[4..]);
        uint checksum = BinaryPrimitives.ReadUInt32LittleEndian(packed[8..]);
        uint content = BinaryPrimitives.ReadUInt32LittleEndian(packed[12..]);
        if (length > Math.Min((long)MaxRatio * packed.Length, Array.MaxLength) || content > MaxContent((int)length))
            throw new InvalidModelException($"The packed model is damaged: {packed.Length} bytes cannot hold {length}.");

        byte[] rented = ArrayPool<byte>.Shared.Rent((int)content);
        try
        {
            Span<byte> inner = rented.AsSpan(0, (int)content);
            using var brotli = default(BrotliDecoder);
            if (brotli.Decompress(packed[HeaderBytes..], inner, out int read, out int written) != OperationStatus.Done
                || written != inner.Length)
                throw new InvalidModelException("The packed model is damaged: it does not decompress.");
            byte[] file = GC.AllocateUninitializedArray<byte>((int)length);
            Fill(file, inner, packed[(HeaderBytes + read)..]);
            if (Checksum(file) != checksum)
                throw new InvalidModelException("The packed model is damaged: the checksum differs.");
            return file;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <summary>CRC-32C, over eight bytes at a time and single bytes at the end.</summary>
    public static uint Checksum(ReadOnlySpan<byte> data)
    {
        uint crc = uint.MaxValue;
        for (; data.Length >= 8; data = data[8..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(data));
        foreach (byte b in data)
            crc = BitOperations.Crc32C(crc, b);
        return ~crc;
    }

    private static void Fill(Span<byte> file, ReadOnlySpan<byte> content, ReadOnlySpan<byte> rangeCoded)
    {
        var segments = new ByteCursor(content);
        int copied = segments.Number(), bitmaps = segments.Number(), palettes = segments.Number(), weights = segments.Number();
        int count = segments.Number();
        ReadOnlySpan<byte> rest = segments.Rest;
        WeightStreams streams = default;
        streams.RangeCoded = new ByteCursor(rangeCoded);
        streams.Weights = new ByteCursor(TakeLast(ref rest, weights));
        streams.Palettes = new ByteCursor(TakeLast(ref rest, palettes));
        streams.Bitmaps = new ByteCursor(TakeLast(ref rest, bitmaps));
        var copyCursor = new ByteCursor(TakeLast(ref rest, copied));
        segments = new ByteCursor(rest);
        Span<byte> whole = file;
        List<(int Start, int Source, int Count, float Factor)> products = [];
        for (; count > 0; count--)
        {
            ReadOnlySpan<byte> bytes = copyCursor.Take(segments.Number());
            bytes.CopyTo(Start(ref file, bytes.Length));
            WeightCoding coding = WeightCoding.FromByte(segments.Take(1)[0]);
            int elements = segments.Number();
            Span<byte> target = Start(ref file, (long)elements * coding.ElementBytes);
            if (coding.Form == WeightForm.Product)
            {
                int start = whole.Length - file.Length - target.Length, distance = segments.Number();
                long source = start + ((distance & 1) == 0 ? distance >> 1 : -(long)(distance >> 1));
                if (source < 0 || source + target.Length > whole.Length)
                    throw new InvalidModelException("The packed model is damaged: factors lie outside of the file.");
                products.Add((start, (int)source, elements, BinaryPrimitives.ReadSingleLittleEndian(copyCursor.Take(sizeof(float)))));
                continue;
            }

            switch (coding.ElementBytes)
            {
                case 1: Decode<sbyte>(target, coding, ref segments, ref streams); break;
                case 2: Decode<short>(target, coding, ref segments, ref streams); break;
                default: Decode<int>(target, coding, ref segments, ref streams); break;
            }
        }

        ReadOnlySpan<byte> end = copyCursor.Rest;
        end.CopyTo(Start(ref file, end.Length));
        if (file.Length + segments.Rest.Length + streams.Bitmaps.Rest.Length + streams.Palettes.Rest.Length + streams.Weights.Rest.Length
            + streams.RangeCoded.Rest.Length != 0)
            throw new InvalidModelException("The packed model is damaged: its parts do not make a file.");

        // Sources may lie before or behind.
        foreach ((int start, int source, int elements, float factor) in products)
        {
            for (int i = 0; i < elements * sizeof(float); i += sizeof(float))
                BinaryPrimitives.WriteSingleLittleEndian(
                    whole[(start + i)..], factor * BinaryPrimitives.ReadSingleLittleEndian(whole[(source + i)..]));
        }
    }

    private static void Decode<T>(scoped Span<byte> target, WeightCoding coding, ref ByteCursor segments, ref WeightStreams streams)
        where T : unmanaged, IBinaryInteger<T>
    {
        if (coding.Form == WeightForm.RangeCoded)
            WeightDecoder.Decode<T>(target, new NeighborModel(segments.Number(), segments.Number()), segments.Number(), ref streams);
        else
            WeightDecoder.Decode<T>(target, coding, ref streams);
    }

    private static ReadOnlySpan<byte> TakeLast(scoped ref ReadOnlySpan<byte> rest, int count)
    {
        if (count > rest.Length)
            throw new InvalidModelException("The packed model is damaged: a stream is longer than all of it.");
        ReadOnlySpan<byte> last = rest[^count..];
        rest = rest[..^count];
        return last;
    }

    private static Span<byte> Start(scoped ref Span<byte> rest, long count)
    {
        if (count > rest.Length)
            throw new InvalidModelException("The packed model is damaged: it makes more bytes than it says.");
        Span<byte> start = rest[..(int)count];
        rest = rest[(int)count..];
        return start;
    }
}
