using System.Buffers.Binary;
using System.IO.Compression;
using ModelOpt.Runtime.Storage;

namespace ModelOpt.Compiler.Emit.Storage;

/// <summary>Makes the form of a TFLite file that is embedded: <see cref="PackedModel"/>, where that is worth it.</summary>
internal static class ModelPacker
{
    /// <summary>The packed form must be smaller than this share of the file: a plain file is used in place, without copying.</summary>
    private const double WorthIt = 0.9;

    /// <summary>
    /// Bytes of a weight buffer that are compressed to compare codings; the estimates of more would not differ, and the
    /// compressor takes a second per megabyte.
    /// </summary>
    private const int SampleBytes = 1 << 15;

    /// <summary>Buffers smaller than this are not recoded: describing them costs what they save.</summary>
    private const int SmallestWeights = 64;

    private static readonly WeightCoding[] Codings =
    [
        .. from size in new[] { 1, 2, 4 }
           from bitmap in new[] { false, true }
           from bits in new[] { 0, 1, 2, 4, 8 }
           where size > 1 || bitmap || bits > 0
           select new WeightCoding(size, bitmap, bits),
    ];

    /// <summary>What to embed: the packed form, or the file itself where that saves less than a tenth.</summary>
    /// <param name="tflite">The TFLite file.</param>
    /// <param name="cancellation">Ends the work.</param>
    public static byte[] Pack(byte[] tflite, CancellationToken cancellation)
    {
        List<WeightRun> runs = WeightRun.Find(tflite).Where(r => r.Length >= SmallestWeights).ToList();
        var choices = new (IReadOnlyList<CodedWeights> Coded, long Bytes)[runs.Count];
        Parallel.For(0, runs.Count, new ParallelOptions { CancellationToken = cancellation },
            i => choices[i] = Choose(tflite.AsSpan(runs[i].Start, runs[i].Length), runs[i].Rows));

        // Most of a dense int8 network does not compress. Trying takes long.
        long expected = tflite.LongLength - runs.Sum(r => (long)r.Length) + choices.Sum(c => c.Bytes);
        if (expected > tflite.LongLength * (WorthIt + 0.07)) return tflite;
        cancellation.ThrowIfCancellationRequested();
        byte[] packed = Write(tflite, [.. runs.Select((r, i) => (r.Start, choices[i].Coded))]);
        cancellation.ThrowIfCancellationRequested();
        byte[] plain = Write(tflite, []);
        if (plain.Length < packed.Length) packed = plain;
        return packed.Length < tflite.Length * WorthIt && tflite.Length <= (long)PackedModel.MaxRatio * packed.Length
            ? packed
            : tflite;
    }

    /// <summary>Writes the packed form.</summary>
    /// <param name="tflite">The TFLite file.</param>
    /// <param name="recoded">Where weights start, ascending, and their codings one after another; other bytes stay.</param>
    internal static byte[] Write(byte[] tflite, IReadOnlyList<(int Start, IReadOnlyList<CodedWeights> Coded)> recoded)
    {
        MemoryStream segments = new(), copied = new(), bitmaps = new(), palettes = new(), weights = new();
        int position = 0;
        foreach ((int start, IReadOnlyList<CodedWeights> coded) in recoded)
        {
            if (coded.Count == 0) continue;
            int gap = start - position;
            copied.Write(tflite, position, gap);
            position = start;
            foreach (CodedWeights run in coded)
            {
                WriteNumber(segments, gap);
                segments.WriteByte(run.Coding.ToByte());
                WriteNumber(segments, run.Elements);
                bitmaps.Write(run.Bitmap);
                palettes.Write(run.Palette);
                weights.Write(run.Weights);
                position += run.Elements * run.Coding.ElementBytes;
                gap = 0;
            }
        }

        copied.Write(tflite, position, tflite.Length - position);
        MemoryStream content = new();
        WriteNumber(content, (int)copied.Length);
        WriteNumber(content, (int)bitmaps.Length);
        WriteNumber(content, (int)palettes.Length);
        WriteNumber(content, (int)weights.Length);
        WriteNumber(content, recoded.Sum(r => r.Coded.Count));
        foreach (MemoryStream stream in (MemoryStream[])[segments, copied, bitmaps, palettes, weights]) stream.WriteTo(content);

        // Where nothing is saved, the content may be longer than the file, which no reader takes.
        if (content.Length > tflite.Length + PackedModel.MaxOverhead) return tflite;
        byte[] compressed = Compress(content.GetBuffer().AsSpan(0, (int)content.Length));
        byte[] packed = new byte[PackedModel.HeaderBytes + compressed.Length];
        PackedModel.Magic.CopyTo(packed);
        BinaryPrimitives.WriteInt32LittleEndian(packed.AsSpan(4), tflite.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(packed.AsSpan(8), PackedModel.Checksum(tflite));
        BinaryPrimitives.WriteInt32LittleEndian(packed.AsSpan(12), (int)content.Length);
        compressed.CopyTo(packed, PackedModel.HeaderBytes);
        return packed;
    }

    /// <summary>Brotli at its best: quality 11, a window of 16 MB.</summary>
    internal static byte[] Compress(ReadOnlySpan<byte> data)
    {
        byte[] target = new byte[BrotliEncoder.GetMaxCompressedLength(data.Length)];
        return BrotliEncoder.TryCompress(data, target, out int written, quality: 11, window: 24)
            ? target[..written]
            : throw new InvalidOperationException("Brotli wrote more than its bound.");
    }

    // The codings of one buffer, empty where it stays as it is, and about how many bytes it ends with.
    private static (IReadOnlyList<CodedWeights> Coded, long Bytes) Choose(ReadOnlySpan<byte> weights, int rows)
    {
        int length = Math.Min(weights.Length, SampleBytes);
        byte[] sample = weights[..length].ToArray();
        long best = Compress(sample).Length;
        WeightCoding? chosen = null;
        foreach (WeightCoding coding in Codings)
        {
            if (weights.Length % coding.ElementBytes != 0 || WeightEncoder.Encode(sample, coding) is not { } coded) continue;
            if (Entropy(coded) > 1.1 * best) continue;
            long size = Size([coded]);
            if (size < best && WeightEncoder.Encode(weights, coding) is not null) (best, chosen) = (size, coding);
        }

        IReadOnlyList<CodedWeights> whole = chosen is { } c ? [WeightEncoder.Encode(weights, c)!] : [];

        // Weights clustered channel by channel have few values in each, and many in all.
        if (rows > 1 && weights.Length / rows >= SmallestWeights)
        {
            int rowBytes = weights.Length / rows, sampled = Math.Clamp(length / rowBytes, 1, rows);
            long share = best * ((long)sampled * rowBytes) / length;
            foreach (bool bitmap in (bool[])[false, true])
            {
                var coding = new WeightCoding(1, bitmap, 8);
                List<CodedWeights> all = [];
                for (int row = 0; row < rows; row++)
                    if (WeightEncoder.Encode(weights.Slice(row * rowBytes, rowBytes), coding) is { } coded) all.Add(coded);
                if (all.Count < rows) continue;
                long size = Size(all.Take(sampled));
                if (size < share) (share, whole, best) = (size, all, size * length / ((long)sampled * rowBytes));
            }
        }

        return (whole, best * weights.Length / length);
    }

    private static long Size(IEnumerable<CodedWeights> coded) => Compress(
        [.. coded.SelectMany(c => c.Bitmap), .. coded.SelectMany(c => c.Palette), .. coded.SelectMany(c => c.Weights)]).Length;

    // The least that a code of single bytes needs, in bytes: saves compressing what cannot be the smallest.
    private static double Entropy(CodedWeights coded) => coded.Palette.Length / 2.0 + Of(coded.Bitmap) + Of(coded.Weights);

    private static double Of(byte[] bytes)
    {
        int[] counts = new int[256];
        foreach (byte b in bytes) counts[b]++;
        double bits = 0;
        foreach (int count in counts)
            if (count > 0) bits -= count * Math.Log2((double)count / bytes.Length);
        return bits / 8;
    }

    private static void WriteNumber(MemoryStream stream, int number)
    {
        uint rest = (uint)number;
        for (; rest >= 128; rest >>= 7) stream.WriteByte((byte)(rest | 128));
        stream.WriteByte((byte)rest);
    }
}
