using ModelOpt.Compiler.Numerics;
using ModelOpt.Runtime.Storage;

namespace ModelOpt.Compiler.Emit.Storage;

/// <summary>Chooses how runs of weights are coded.</summary>
internal static class CodingChoice
{
    /// <summary>Of larger runs, codings of about so many bytes are compared.</summary>
    private const int SampleBytes = 1 << 16;

    /// <summary>Runs smaller than this are not recoded: describing them costs what they save.</summary>
    private const int SmallestWeights = 64;

    /// <summary>Floats of fewer bytes are not described as products.</summary>
    private const int SmallestProduct = 24;

    /// <summary>Runs of a length, the nearest first, of which one may be a product.</summary>
    private const int MostSources = 16;

    /// <summary>Zeros are left out where at least one in so many is zero.</summary>
    private const int ManyZeros = 10;

    /// <summary>Single bytes of more values than this have no palette: it would save nothing.</summary>
    private const int FewValues = 64;

    /// <summary>Runs of fewer bytes than this load fast in any coding.</summary>
    private const int FastAnyway = 1 << 14;

    /// <summary>Larger range-coded weights must be smaller than this share of the other form, because they take longer to load.</summary>
    private const double WorthRangeCoding = 0.95;

    /// <summary>The coding of each run; null where it stays as it is.</summary>
    public static CodedWeights?[] Of(byte[] tflite, List<WeightRun> runs, Workers workers)
    {
        CodedWeights?[] chosen = Products(tflite, runs);
        workers.For(runs.Count, i =>
        {
            if (chosen[i] is null && runs[i].Length >= SmallestWeights)
                chosen[i] = Choose(tflite.AsSpan(runs[i].Start, runs[i].Length), runs[i]);
        });
        return chosen;
    }

    private static CodedWeights? Choose(ReadOnlySpan<byte> weights, WeightRun run)
    {
        int size = weights.Length % run.ElementBytes == 0 ? run.ElementBytes : 1;
        int rowBytes = weights.Length / run.Rows, rows = rowBytes % size == 0 ? run.Rows : 1;
        int sampledRows = Math.Clamp(SampleBytes / rowBytes, 1, rows);
        ReadOnlySpan<byte> sample = rows > 1 ? weights[..(sampledRows * rowBytes)] : weights[..Math.Min(weights.Length, SampleBytes)];
        (WeightCoding Coding, int Rows)? best = null;
        long least = MatchEncoder.Encode(sample).Length;
        foreach ((WeightCoding coding, bool byRow) in Candidates(sample, size, rows > 1 ? rowBytes : 0))
        {
            int parts = !byRow ? 1 : sample.Length == weights.Length ? rows : sampledRows;
            if (WeightEncoder.Encode(sample, coding, parts) is not { } coded || coded.Size >= least) continue;
            (best, least) = ((coding, byRow ? rows : 1), coded.Size);
        }

        CodedWeights? whole = best is { } b ? WeightEncoder.Encode(weights, b.Coding, b.Rows) : null;
        double worth = weights.Length < FastAnyway ? 1 : WorthRangeCoding;
        return WeightEncoder.RangeEncode(sample, size) is { } ranged && ranged.Size < worth * least
            && WeightEncoder.RangeEncode(weights, size) is { } all && all.Size < worth * (whole?.Size ?? weights.Length)
            ? all
            : whole;
    }

    private static List<(WeightCoding Coding, bool ByRow)> Candidates(ReadOnlySpan<byte> sample, int size, int rowBytes)
    {
        List<(WeightCoding Coding, bool ByRow)> candidates = [];
        int zeros = 0, elements = sample.Length / size;
        for (int i = 0; i < sample.Length; i += size) zeros += sample.Slice(i, size).ContainsAnyExcept((byte)0) ? 0 : 1;
        foreach (WeightForm form in (WeightForm[])[WeightForm.Dense, WeightForm.Bitmap])
        {
            if (form == WeightForm.Bitmap && zeros < elements / ManyZeros) continue;
            candidates.Add((new WeightCoding(size, form, false), false));
            if (size > 1) candidates.Add((new WeightCoding(size, form, true), false));
            if (rowBytes >= SmallestWeights && (size > 1 || HasFewValues(sample[..rowBytes])))
                candidates.Add((new WeightCoding(size, form, true), true));
        }

        return candidates;
    }

    private static bool HasFewValues(ReadOnlySpan<byte> row)
    {
        Span<bool> seen = stackalloc bool[256];
        seen.Clear();
        foreach (byte weight in row) seen[weight] = true;
        return seen.Count(true) <= Math.Min(FewValues, row.Length / 2);
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
}
