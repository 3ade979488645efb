using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Runtime.Storage;

/// <summary>
/// The embedded form of a model: a TFLite file whose weights are recoded. It expands to exactly the bytes of the file, with nothing but
/// arithmetic, so it does wherever .NET runs.
/// </summary>
/// <remarks>
/// A header of 20 bytes (magic, length of the file, its CRC-32C, length of the content, length of its code, all little-endian), then
/// the content in the code of a <see cref="MatchModel"/>, then the tail: bytes that have codes of their own. The content starts with the
/// lengths of its three streams after the first and the number of segments, as LEB128 numbers. Segments (first stream) are: how
/// many bytes of the file to copy, a <see cref="WeightCoding"/>, how many weights follow; where these are
/// <see cref="WeightForm.Product"/>, also how far from them their source begins (sign and magnitude, the sign in the lowest bit), where
/// they are range coded, the distances of a <see cref="NeighborModel"/> and how many bytes of the tail they take; else how many are stored
/// (of those with a bitmap), the rows (of those with palettes), and a <see cref="PlaneForm"/> of each plane, with the bytes that its code
/// takes of the tail. The other streams are bytes to copy, tables and planes. The rest of the bytes to copy ends the file.
/// </remarks>
internal static class PackedModel
{
    /// <summary>Bytes of the header.</summary>
    public const int HeaderBytes = 20;

    /// <summary>
    /// How many times as large as its packed form a file may be. Bounds the memory that a few hostile bytes can ask for; files that
    /// compress better are not packed.
    /// </summary>
    public const int MaxRatio = 256;

    /// <summary>Files of more bytes are expanded on all threads.</summary>
    private const int ManyBytes = 1 << 19;

    /// <summary>The first four bytes, the last of which is the version. In a TFLite file they would be an offset beyond its 2 GB.</summary>
    public static ReadOnlySpan<byte> Magic => [(byte)'M', (byte)'O', (byte)'P', 0x83];

    /// <summary>How long the content may be before compression: what describes the codings of many small layers, and some.</summary>
    /// <param name="length">Bytes of the file.</param>
    public static long MaxContent(int length) => length + (length / 16L) + 1024;

    /// <summary>Whether bytes are in this form, of whatever version.</summary>
    public static bool IsPacked(ReadOnlySpan<byte> data) => data.Length >= 4 && data.StartsWith(Magic[..3]) && data[3] >= 0x80;

    /// <summary>The TFLite file that is packed.</summary>
    /// <param name="packed">The packed form.</param>
    /// <param name="workers">The threads; null for the calling one.</param>
    /// <exception cref="InvalidModelException">It is damaged, or of another version.</exception>
    public static byte[] Expand(ReadOnlyMemory<byte> packed, WorkerPool? workers = null)
    {
        ReadOnlySpan<byte> header = packed.Span;
        if (IsPacked(header) && !header.StartsWith(Magic))
            throw new InvalidModelException(
                "The packed model is of another version of ModelOpt: build the project again, with the version of ModelOpt.Build that "
                    + "ModelOpt.Runtime has.");
        if (!IsPacked(header) || header.Length < HeaderBytes)
            throw new InvalidModelException($"The packed model is damaged: {packed.Length} bytes are no header.");
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(header[4..]);
        uint checksum = BinaryPrimitives.ReadUInt32LittleEndian(header[8..]);
        uint content = BinaryPrimitives.ReadUInt32LittleEndian(header[12..]);
        uint coded = BinaryPrimitives.ReadUInt32LittleEndian(header[16..]);
        if (length > Math.Min((long)MaxRatio * packed.Length, Array.MaxLength) || content > MaxContent((int)length)
            || coded > packed.Length - HeaderBytes)
            throw new InvalidModelException($"The packed model is damaged: {packed.Length} bytes cannot hold {length}.");

        byte[] rented = ArrayPool<byte>.Shared.Rent((int)content);
        try
        {
            MatchDecoder.Decode(header.Slice(HeaderBytes, (int)coded), rented.AsSpan(0, (int)content));
            byte[] file = GC.AllocateUninitializedArray<byte>((int)length);
            Fill(file, rented.AsMemory(0, (int)content), packed[(HeaderBytes + (int)coded)..], workers);
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

    private static void Fill(byte[] file, ReadOnlyMemory<byte> content, ReadOnlyMemory<byte> tail, WorkerPool? workers)
    {
        var segments = new ByteCursor(content);
        int copied = segments.Number(), tables = segments.Number(), planes = segments.Number(), count = segments.Number();
        ReadOnlyMemory<byte> rest = segments.TakeMemory(segments.Left);
        PackedStreams streams = default;
        streams.Tail = new ByteCursor(tail);
        streams.Planes = new ByteCursor(TakeLast(ref rest, planes));
        streams.Tables = new ByteCursor(TakeLast(ref rest, tables));
        streams.Copied = new ByteCursor(TakeLast(ref rest, copied));
        segments = new ByteCursor(rest);
        List<CodedRun> runs = [];
        List<(int Start, int Source, int Count, float Factor)> products = [];
        int at = 0;
        for (; count > 0; count--)
        {
            Copy(streams.Copied.Take(segments.Number()), file, ref at);
            var run = new CodedRun(at, WeightCoding.FromByte(segments.Take(1)[0]), segments.Number());
            at = run.Bytes <= file.Length - at ? at + (int)run.Bytes : throw TooMany();
            if (run.Coding.Form != WeightForm.Product)
            {
                runs.Add(run.Read(ref segments, ref streams));
                continue;
            }

            int distance = segments.Number();
            long source = run.Start + ((distance & 1) == 0 ? distance >> 1 : -(long)(distance >> 1));
            if (source < 0 || source + run.Bytes > file.Length)
                throw new InvalidModelException("The packed model is damaged: factors lie outside of the file.");
            float factor = BinaryPrimitives.ReadSingleLittleEndian(streams.Copied.Take(sizeof(float)));
            products.Add((run.Start, (int)source, run.Elements, factor));
        }

        Copy(streams.Copied.Take(streams.Copied.Left), file, ref at);
        if (file.Length - at + segments.Left + streams.Tables.Left + streams.Planes.Left + streams.Tail.Left != 0)
            throw new InvalidModelException("The packed model is damaged: its parts do not make a file.");
        new ExpandJob(runs, file).Run(file.Length > ManyBytes ? workers : null);

        // Sources may lie before or behind.
        foreach ((int start, int source, int elements, float factor) in products)
        {
            for (int i = 0; i < elements * sizeof(float); i += sizeof(float))
                BinaryPrimitives.WriteSingleLittleEndian(
                    file.AsSpan(start + i), factor * BinaryPrimitives.ReadSingleLittleEndian(file.AsSpan(source + i)));
        }
    }

    private static void Copy(ReadOnlySpan<byte> bytes, byte[] file, ref int at)
    {
        if (bytes.Length > file.Length - at)
            throw TooMany();
        bytes.CopyTo(file.AsSpan(at));
        at += bytes.Length;
    }

    private static ReadOnlyMemory<byte> TakeLast(ref ReadOnlyMemory<byte> rest, int count)
    {
        if (count > rest.Length)
            throw new InvalidModelException("The packed model is damaged: a stream is longer than all of it.");
        ReadOnlyMemory<byte> last = rest[^count..];
        rest = rest[..^count];
        return last;
    }

    private static InvalidModelException TooMany() => new("The packed model is damaged: it makes more bytes than it says.");
}
