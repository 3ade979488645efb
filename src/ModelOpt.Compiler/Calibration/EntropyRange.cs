namespace ModelOpt.Compiler.Calibration;

/// <summary>
/// The symmetric threshold at which the clipped and quantized distribution diverges least from the one seen
/// (Kullback-Leibler; S. Migacz, "8-bit inference with TensorRT", 2017).
/// </summary>
internal static class EntropyRange
{
    private const int HalfBins = 1024;
    private const int Levels = 128;
    private const double Smoothing = 1e-4;

    /// <summary>Chooses the range.</summary>
    /// <param name="histogram">All values.</param>
    /// <returns>The values seen, clipped at the chosen threshold on both sides.</returns>
    public static ValueRange Estimate(Histogram histogram)
    {
        double extent = Math.Max(Math.Abs(histogram.Min), Math.Abs(histogram.Max));
        if (extent == 0) return new ValueRange(0, 0);
        double[] bins = Symmetric(histogram, extent);
        (int best, double least) = (HalfBins, double.PositiveInfinity);
        for (int half = Levels / 2; half <= HalfBins; half++)
        {
            double divergence = Divergence(bins, half);
            if (divergence < least) (best, least) = (half, divergence);
        }

        float threshold = (float)(Math.Min(best + 0.5, HalfBins) * extent / HalfBins);
        return new ValueRange(Math.Max(histogram.Min, -threshold), Math.Min(histogram.Max, threshold));
    }

    /// <summary>The counts in 2048 bins over −extent…extent.</summary>
    private static double[] Symmetric(Histogram histogram, double extent)
    {
        double[] bins = new double[2 * HalfBins];
        for (int i = 0; i < histogram.Counts.Length; i++)
        {
            double middle = Math.Clamp(histogram.Start + ((i + 0.5) * histogram.Width), -extent, extent);
            int bin = (int)((middle / extent * HalfBins) + HalfBins);
            bins[Math.Min(bin, (2 * HalfBins) - 1)] += histogram.Counts[i];
        }

        return bins;
    }

    /// <summary>KL(P ‖ Q): P keeps the middle bins with the outliers in its edge bins, Q is P's middle in 128 levels.</summary>
    private static double Divergence(ReadOnlySpan<double> bins, int half)
    {
        ReadOnlySpan<double> middle = bins.Slice(HalfBins - half, 2 * half);
        double[] p = middle.ToArray();
        foreach (double count in bins[..(HalfBins - half)]) p[0] += count;
        foreach (double count in bins[(HalfBins + half)..]) p[^1] += count;

        double[] q = new double[p.Length];
        for (int level = 0; level < Levels; level++)
        {
            int start = level * p.Length / Levels;
            int end = (level + 1) * p.Length / Levels;
            double sum = 0;
            int used = 0;
            for (int i = start; i < end; i++)
            {
                sum += middle[i];
                if (p[i] != 0) used++;
            }

            for (int i = start; i < end; i++) q[i] = p[i] == 0 ? 0 : sum / used;
        }

        Smooth(p);
        Smooth(q);
        double divergence = 0;
        for (int i = 0; i < p.Length; i++)
        {
            if (p[i] > 0) divergence += p[i] * Math.Log(p[i] / q[i]);
        }

        return divergence;
    }

    /// <summary>Normalizes, and moves a little of the mass to where there is none, so that no ratio is infinite.</summary>
    private static void Smooth(Span<double> distribution)
    {
        double total = 0;
        int zeros = 0;
        foreach (double mass in distribution)
        {
            total += mass;
            if (mass == 0) zeros++;
        }

        int others = distribution.Length - zeros;
        if (others == 0) zeros = distribution.Length;
        foreach (ref double mass in distribution)
        {
            if (mass == 0) mass = Smoothing;
            else mass = Math.Max((mass / total) - (Smoothing * zeros / others), Smoothing);
        }
    }
}
