using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Techniques.Clustering;

/// <summary>Where Lloyd's iteration starts: centroids of numbers by one of four methods.</summary>
internal static class CentroidInitialization
{
    /// <summary>The first centroids, ascending and all different; fewer than asked for where there are fewer points.</summary>
    /// <param name="count">How many are wanted; at least 1, at least 3 where zero is pinned.</param>
    /// <param name="zeroPinned">
    /// Whether zero is one of them; negative and positive points then share the others by their numbers, and each side has its
    /// own for itself (sparsity-preserving clustering).
    /// </param>
    public static double[] Of(ClusterInitialization method, WeightedPoints points, int count, bool zeroPinned, Random random)
    {
        if (!zeroPinned) return Distinct(Side(method, points, 0, points.Count, count, random));
        int negative = points.CountUpTo(-double.Epsilon), upToZero = points.CountUpTo(0), positive = points.Count - upToZero;
        int below = SplitByNumber(count - 1, negative, positive);
        return Distinct(
        [
            .. Side(method, points, 0, negative, below, random), 0,
            .. Side(method, points, upToZero, points.Count, count - 1 - below, random),
        ]);
    }

    /// <summary>How many of the centroids the negative side has: its part, and at least one where it has points.</summary>
    private static int SplitByNumber(int centroids, int negative, int positive)
    {
        if (negative + positive == 0) return 0;
        int share = (int)Math.Round((double)centroids * negative / (negative + positive));
        return Math.Clamp(share, negative > 0 ? 1 : 0, positive > 0 ? centroids - 1 : centroids);
    }

    private static double[] Side(ClusterInitialization method, WeightedPoints points, int from, int to, int count, Random random)
    {
        ReadOnlySpan<double> values = points.Values[from..to];
        if (values.Length <= count) return values.ToArray();
        if (count == 0) return [];
        return method switch
        {
            ClusterInitialization.Linear => Linear(values[0], values[^1], count),
            ClusterInitialization.Random => RandomPoints(values, count, random),
            ClusterInitialization.Density => Density(points, from, to, count),
            _ => PlusPlus(points, from, to, count, random),
        };
    }

    /// <summary>Evenly from the smallest to the largest; the middle where it is one.</summary>
    private static double[] Linear(double smallest, double largest, int count) => count == 1
        ? [(smallest + largest) / 2]
        : [.. Enumerable.Range(0, count).Select(i => smallest + ((largest - smallest) * i / (count - 1)))];

    /// <summary>Points drawn without putting any back.</summary>
    private static double[] RandomPoints(ReadOnlySpan<double> values, int count, Random random)
    {
        double[] drawn = values.ToArray();
        random.Shuffle(drawn);
        return drawn[..count];
    }

    /// <summary>The middles of <paramref name="count"/> parts of equal weight: as much weight between each two.</summary>
    private static double[] Density(WeightedPoints points, int from, int to, int count)
    {
        double before = points.Weight(0, from), within = points.Weight(from, to), all = points.Weight(0, points.Count);
        return [.. Enumerable.Range(0, count).Select(i =>
            Math.Clamp(points.Quantile((before + (within * (i + 0.5) / count)) / all), points.Values[from], points.Values[to - 1]))];
    }

    /// <summary>
    /// k-means++ (Arthur and Vassilvitskii 2007): the first point by its weight, each next by its weight times its squared
    /// distance from the nearest one chosen.
    /// </summary>
    private static double[] PlusPlus(WeightedPoints points, int from, int to, int count, Random random)
    {
        double[] distance = new double[to - from];
        Array.Fill(distance, 1);
        double[] chosen = new double[count];
        for (int n = 0; n < count; n++)
        {
            double total = 0;
            for (int i = 0; i < distance.Length; i++) total += distance[i] * points.Weight(from + i, from + i + 1);
            double left = random.NextDouble() * total;
            int pick = -1;
            for (int i = 0; i < distance.Length && (pick < 0 || left > 0); i++)
            {
                double cost = distance[i] * points.Weight(from + i, from + i + 1);
                if (cost <= 0) continue;
                pick = i;
                left -= cost;
            }

            // Products of tiny weights and distances may be zero in floating point.
            if (pick < 0) return chosen[..n];
            chosen[n] = points.Values[from + pick];
            for (int i = 0; i < distance.Length; i++)
            {
                double d = points.Values[from + i] - chosen[n], squared = d * d;
                distance[i] = n == 0 ? squared : Math.Min(distance[i], squared);
            }
        }

        return chosen;
    }

    private static double[] Distinct(IEnumerable<double> centroids) => [.. centroids.Distinct().Order()];
}
