using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Calibration;

/// <summary>
/// The symmetric threshold at which the clipped and quantized distribution diverges least from the one seen
/// (Kullback-Leibler; S. Migacz, "8-bit inference with TensorRT", 2017).
/// </summary>
internal static class EntropyRange
{
    private const int MaxBins = 2048;

    // With fewer values to a bin the counts are chance: a sparse histogram fits the least threshold best.
    private const int ValuesPerBin = 16;
    private const int Levels = 128;
    private const double Smoothing = 1e-4;

    /// <summary>Chooses the range.</summary>
    /// <returns>The values seen, clipped at the chosen threshold on both sides; all of them where they are too few.</returns>
    public static ValueRange Estimate(Histogram histogram)
    {
        double extent = Math.Max(Math.Abs(histogram.Min), Math.Abs(histogram.Max));
        if (extent == 0) return new ValueRange(0, 0);
        int size = (int)Math.Min(MaxBins, histogram.Total / ValuesPerBin);
        if (size <= Levels) return new ValueRange(histogram.Min, histogram.Max);
        double[] bins = Magnitudes(histogram, extent, size);
        (int best, double least) = (size, double.PositiveInfinity);
        for (int count = Levels; count <= size; count++)
        {
            double divergence = Divergence(bins, count);
            if (divergence < least) (best, least) = (count, divergence);
        }

        float threshold = (float)(Math.Min(best + 0.5, size) * extent / size);
        return new ValueRange(Math.Max(histogram.Min, -threshold), Math.Min(histogram.Max, threshold));
    }

    /// <summary>The counts of |x| in bins over 0…extent.</summary>
    private static double[] Magnitudes(Histogram histogram, double extent, int size)
    {
        double[] bins = new double[size];
        for (int i = 0; i < histogram.Counts.Length; i++)
        {
            double middle = Math.Abs(histogram.Start + ((i + 0.5) * histogram.Width));
            bins[Math.Min((int)(middle / extent * size), size - 1)] += histogram.Counts[i];
        }

        // Every grid holds zero exactly. Left in, the zeros of a Relu would count as lost at every threshold but the least.
        bins[0] = bins[1];
        return bins;
    }

    /// <summary>KL(P ‖ Q): P keeps the first bins with the outliers in its last, Q is P without outliers in 128 levels.</summary>
    private static double Divergence(ReadOnlySpan<double> bins, int count)
    {
        double[] p = bins[..count].ToArray();
        foreach (double outliers in bins[count..]) p[^1] += outliers;

        double[] q = new double[count];
        for (int level = 0; level < Levels; level++)
        {
            int start = level * count / Levels;
            int end = (level + 1) * count / Levels;
            double sum = 0;
            int used = 0;
            for (int i = start; i < end; i++)
            {
                sum += bins[i];
                if (p[i] != 0) used++;
            }

            for (int i = start; i < end; i++) q[i] = p[i] == 0 ? 0 : sum / used;
        }

        Smooth(p);
        Smooth(q);
        double divergence = 0;
        for (int i = 0; i < count; i++) divergence += p[i] * Math.Log(p[i] / q[i]);
        return divergence;
    }

    /// <summary>Moves a little of the counts to empty bins, so that no ratio is infinite, and normalizes.</summary>
    private static void Smooth(Span<double> counts)
    {
        int zeros = counts.Count(0.0);
        int others = counts.Length - zeros;
        double total = 0;
        foreach (ref double count in counts)
        {
            count = count == 0 ? Smoothing : Math.Max(count - (Smoothing * zeros / Math.Max(others, 1)), Smoothing);
            total += count;
        }

        foreach (ref double count in counts) count /= total;
    }
}
