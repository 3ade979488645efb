using System.Buffers.Binary;
using System.IO.Compression;
using System.Numerics;
using System.Runtime.InteropServices;
using ModelOpt.Compiler.Numerics;
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

    /// <summary>Floats of fewer bytes are not described as products, which takes some ten.</summary>
    private const int SmallestProduct = 24, ProductBytes = 10;

    /// <summary>Runs of a length, the nearest first, of which one may be a product.</summary>
    private const int MostSources = 16;

    /// <summary>Weights that have more values than this and fewer zeros than one in so many are as good as they are.</summary>
    private const int FewValues = 64, ManyZeros = 5;

    /// <summary>
    /// If recoding is estimated below or above these shares of Brotli's size alone, only the better form is compressed: the compressor
    /// takes more than a second per megabyte.
    /// </summary>
    private const double SurelySmaller = 0.97, HardlySmaller = 0.995;

    /// <summary>Floats of fewer bytes are compressed to compare codings, whatever they are.</summary>
    private const int LeastFloats = 4096;

    /// <summary>
    /// Of floats without structure more bytes than this are compressed at Brotli's <see cref="QuickQuality"/>: its best takes two seconds
    /// a megabyte, and saves 2 % of them.
    /// </summary>
    private const int MostFloats = 1 << 20;

    private const int QuickQuality = 6, BestQuality = 11;

    /// <summary>How many codings of a buffer are compressed and compared: those of the lowest entropy.</summary>
    private const int Candidates = 3;

    /// <summary>Range-coded weights must be smaller than this share of Brotli's size, because they take longer to load.</summary>
    private const double WorthRangeCoding = 0.95;

    /// <summary>The form to embed: packed, or the file itself if packing saves less than a tenth.</summary>
    public static byte[] Pack(byte[] tflite, Workers workers)
    {
        List<WeightRun> runs = WeightRun.Find(tflite);
        CodedWeights?[] products = Products(tflite, runs);
        var choices = new Choice[runs.Count];
        workers.For(runs.Count, i =>
        {
            ReadOnlySpan<byte> weights = tflite.AsSpan(runs[i].Start, runs[i].Length);
            choices[i] = products[i] is { } product ? new Choice([product], ProductBytes, weights.Length)
                : weights.Length < SmallestWeights ? new Choice([], weights.Length, weights.Length) : Choose(weights, runs[i]);
        });

        // Most of a dense int8 network does not compress. Trying takes long.
        long rest = tflite.LongLength - runs.Sum(r => (long)r.Length), expected = rest + choices.Sum(c => c.Bytes);
        if (expected > tflite.LongLength * (WorthIt + 0.07)) return tflite;
        (int, IReadOnlyList<CodedWeights>)[] recoded =
            [.. runs.Select((r, i) => (r.Start, choices[i].Coded)).Where(r => r.Coded.Count > 0)];
        double share = (double)expected / (rest + choices.Sum(c => c.PlainBytes));
        (int, IReadOnlyList<CodedWeights>)[][] tries = share < SurelySmaller ? [recoded] : share > HardlySmaller ? [[]] : [recoded, []];
        byte[][] forms = new byte[tries.Length][];
        int quality = runs.Where((_, i) => choices[i].IsFloats).Sum(r => (long)r.Length) > MostFloats ? QuickQuality : BestQuality;
        workers.For(forms.Length, i => forms[i] = Write(tflite, tries[i], quality));
        byte[] packed = forms.MinBy(f => f.Length)!;
        return packed.Length < tflite.Length * WorthIt && tflite.Length <= (long)PackedModel.MaxRatio * packed.Length
            ? packed
            : tflite;
    }

    /// <summary>Writes the packed form.</summary>
    /// <param name="recoded">Where weights start, ascending, and their codings one after another; other bytes stay.</param>
    /// <param name="quality">Brotli's.</param>
    internal static byte[] Write(
        byte[] tflite, IReadOnlyList<(int Start, IReadOnlyList<CodedWeights> Coded)> recoded, int quality = BestQuality)
    {
        MemoryStream segments = new(), copied = new(), bitmaps = new(), palettes = new(), weights = new(), rangeCoded = new();
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
                if (run.Coding.Form == WeightForm.Product)
                    WriteNumber(segments, (Math.Abs(run.Distance) << 1) | (run.Distance < 0 ? 1 : 0));
                if (run.Coding.Form == WeightForm.RangeCoded)
                {
                    WriteNumber(segments, run.Neighbors.Near);
                    WriteNumber(segments, run.Neighbors.Far);
                    WriteNumber(segments, run.Weights.Length);
                }

                bitmaps.Write(run.Bitmap);
                palettes.Write(run.Palette);
                (run.Coding.Form switch { WeightForm.RangeCoded => rangeCoded, WeightForm.Product => copied,
                    _ => weights }).Write(run.Weights);
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
        if (content.Length > PackedModel.MaxContent(tflite.Length)) return tflite;
        byte[] compressed = Compress(content.GetBuffer().AsSpan(0, (int)content.Length), quality);
        byte[] packed = [.. PackedModel.Magic, .. new byte[PackedModel.HeaderBytes - PackedModel.Magic.Length], .. compressed,
            .. rangeCoded.ToArray()];
        BinaryPrimitives.WriteInt32LittleEndian(packed.AsSpan(4), tflite.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(packed.AsSpan(8), PackedModel.Checksum(tflite));
        BinaryPrimitives.WriteInt32LittleEndian(packed.AsSpan(12), (int)content.Length);
        return packed;
    }

    /// <summary>Brotli with a window of 16 MB.</summary>
    internal static byte[] Compress(ReadOnlySpan<byte> data, int quality = BestQuality)
    {
        byte[] target = new byte[BrotliEncoder.GetMaxCompressedLength(data.Length)];
        return BrotliEncoder.TryCompress(data, target, out int written, quality, window: 24)
            ? target[..written]
            : throw new InvalidOperationException("Brotli wrote more than its bound.");
    }

    // The runs that are multiples of another run, which is no multiple itself; scales of a bias lie near those of its weight.
    private static CodedWeights?[] Products(byte[] tflite, List<WeightRun> runs)
    {
        var products = new CodedWeights?[runs.Count];
        bool[] isSource = new bool[runs.Count];
        for (int i = 0; i < runs.Count; i++)
        {
            WeightRun run = runs[i];
            if (isSource[i] || run.ElementBytes != sizeof(float) || run.Length < SmallestProduct) continue;
            IEnumerable<int> others = Enumerable.Range(0, runs.Count)
                .Where(k => k != i && products[k] is null && runs[k].Length == run.Length && runs[k].ElementBytes == sizeof(float))
                .OrderBy(k => Math.Abs(k - i)).Take(MostSources);
            foreach (int other in others)
            {
                products[i] = WeightEncoder.Product(
                    tflite.AsSpan(run.Start, run.Length), tflite.AsSpan(runs[other].Start, run.Length), runs[other].Start - run.Start);
                if (products[i] is null) continue;
                isSource[other] = true;
                break;
            }
        }

        return products;
    }

    // The best codings of one buffer.
    private static Choice Choose(ReadOnlySpan<byte> weights, WeightRun run)
    {
        int length = Math.Min(weights.Length, SampleBytes), rows = run.Rows;
        byte[] sample = weights[..length].ToArray();
        if (AreFloatsWithoutStructure(sample, run.ElementBytes))
        {
            CodedWeights planes = WeightEncoder.Encode(weights, new WeightCoding(run.ElementBytes, WeightForm.Dense, 0))!;
            double bytes = planes.Weights.Chunk(weights.Length / run.ElementBytes).Sum(Of);
            return new Choice([planes], (long)bytes, weights.Length, IsFloats: true);
        }

        long plain = Compress(sample).Length, best = plain;
        WeightCoding? chosen = null;
        bool isDense = run.ElementBytes == 1 && IsDense(sample);
        IEnumerable<CodedWeights> candidates = (isDense ? [] : Codings(run.ElementBytes))
            .Where(coding => sample.Length % coding.ElementBytes == 0)
            .Select(coding => WeightEncoder.Encode(sample, coding)).OfType<CodedWeights>().OrderBy(Entropy).Take(Candidates);
        foreach (CodedWeights coded in candidates)
        {
            long size = Size([coded]);
            if (size < best && WeightEncoder.Encode(weights, coded.Coding) is not null) (best, chosen) = (size, coded.Coding);
        }

        IReadOnlyList<CodedWeights> whole = chosen is { } c ? [WeightEncoder.Encode(weights, c)!] : [];
        if (!isDense && sample.Length % run.ElementBytes == 0 && WeightEncoder.RangeEncode(sample, run.ElementBytes) is { } ranged
            && Bytes(ranged) < WorthRangeCoding * best && WeightEncoder.RangeEncode(weights, run.ElementBytes) is { } all
            && Bytes(all) < WorthRangeCoding * best * weights.Length / length)
            (best, whole) = (Bytes(ranged), [all]);

        // Weights clustered channel by channel have few values in each, and many in all.
        int rowBytes = weights.Length / rows;
        if (rows > 1 && rowBytes >= SmallestWeights && !(isDense && IsDense(weights[..rowBytes])))
        {
            int sampled = Math.Clamp(length / rowBytes, 1, rows);
            long least = best * ((long)sampled * rowBytes) / length;
            foreach (WeightForm form in (WeightForm[])[WeightForm.Dense, WeightForm.Bitmap])
            {
                var coding = new WeightCoding(1, form, 8);
                List<CodedWeights> byRow = [];
                for (int row = 0; row < rows; row++)
                    if (WeightEncoder.Encode(weights.Slice(row * rowBytes, rowBytes), coding) is { } coded) byRow.Add(coded);
                if (byRow.Count < rows) continue;
                long size = Size(byRow.Take(sampled));
                if (size < least) (least, whole, best) = (size, byRow, size * length / ((long)sampled * rowBytes));
            }
        }

        return new Choice(whole, best * weights.Length / length, plain * weights.Length / length);
    }

    private static long Bytes(CodedWeights rangeCoded) => rangeCoded.Palette.Length + rangeCoded.Weights.Length;

    private static IEnumerable<WeightCoding> Codings(int size) =>
        from form in new[] { WeightForm.Dense, WeightForm.Bitmap }
        from bits in new[] { 0, 1, 2, 4, 8 }
        where size > 1 || form == WeightForm.Bitmap || bits > 0
        select new WeightCoding(size, form, bits);

    // Bytes without few values or many zeros: Brotli finds by itself what codings could gain.
    private static bool IsDense(ReadOnlySpan<byte> weights)
    {
        Span<bool> seen = stackalloc bool[256];
        int values = 0;
        foreach (byte weight in weights)
        {
            values += seen[weight] ? 0 : 1;
            seen[weight] = true;
        }

        return values > Math.Min(FewValues, weights.Length / 2) && weights.Count((byte)0) < weights.Length / ManyZeros;
    }

    // Hardly a value twice, and the last bits of their mantissas are noise: only signs and exponents are fewer than could be.
    internal static bool AreFloatsWithoutStructure(byte[] sample, int size)
    {
        if (size == 1 || sample.Length < LeastFloats || sample.Length % sizeof(float) != 0) return false;
        int[] values = size == sizeof(float) ? [.. MemoryMarshal.Cast<byte, int>(sample)]
            : Array.ConvertAll(MemoryMarshal.Cast<byte, short>(sample).ToArray(), v => (int)v);
        // Of floats that once were halves, the last bits are zero.
        int unused = BitOperations.TrailingZeroCount(values.Aggregate(0, (all, v) => all | v)), bits = (8 * size) - unused;
        byte[] last = [.. values.Select(v => (byte)(v >> (unused & ~7)))];
        HashSet<int> distinct = [.. values];
        return distinct.Count > (bits > 24 ? 0.9 : 0.25) * values.Length && Of(last) > 0.85 * last.Length * (8 - (unused % 8)) / 8;
    }

    private static long Size(IEnumerable<CodedWeights> coded) => Compress(
        [.. coded.SelectMany(c => c.Bitmap), .. coded.SelectMany(c => c.Palette), .. coded.SelectMany(c => c.Weights)]).Length;

    // Lower bound of a code of single bytes, in bytes: a coding that cannot win is not compressed.
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

    // Codings of a buffer one after another, empty where it stays as it is; about how many bytes it ends with, and would otherwise.
    private sealed record Choice(IReadOnlyList<CodedWeights> Coded, long Bytes, long PlainBytes, bool IsFloats = false);
}
