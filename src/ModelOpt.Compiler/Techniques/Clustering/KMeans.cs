namespace ModelOpt.Compiler.Techniques.Clustering;

/// <summary>
/// Weighted k-means of numbers by Lloyd's iteration: each point belongs to the nearest centroid, each centroid is the weighted mean
/// of its points, until no point changes its cluster.
/// </summary>
internal static class KMeans
{
    // Every iteration lowers the error, and there are finitely many partitions: this bounds rounding's mistakes, not the method.
    private const int MaxIterations = 1000;

    /// <summary>The centroids of a local optimum, ascending; at most as many as to begin with.</summary>
    /// <param name="zeroPinned">Whether the centroid that is zero stays there.</param>
    public static double[] Lloyd(WeightedPoints points, double[] initial, bool zeroPinned = false)
    {
        double[] centroids = [.. initial];
        int[]? ends = null;
        for (int i = 0; i < MaxIterations; i++)
        {
            int[] next = Ends(points, centroids);
            if (ends is not null && next.AsSpan().SequenceEqual(ends)) break;
            ends = next;
            Update(points, centroids, ends, zeroPinned);
        }

        return [.. centroids.Distinct()];
    }

    /// <summary>For each centroid, the position behind the last point that is nearest to it; half way, the lower has it.</summary>
    private static int[] Ends(WeightedPoints points, double[] centroids)
    {
        int[] ends = new int[centroids.Length];
        for (int c = 0; c < ends.Length - 1; c++) ends[c] = points.CountUpTo((centroids[c] + centroids[c + 1]) / 2);
        ends[^1] = points.Count;
        return ends;
    }

    private static void Update(WeightedPoints points, double[] centroids, int[] ends, bool zeroPinned)
    {
        List<int> idle = [];
        for (int c = 0; c < centroids.Length; c++)
        {
            int from = c == 0 ? 0 : ends[c - 1];
            if (zeroPinned && centroids[c] == 0) continue;
            if (from == ends[c]) idle.Add(c);
            else centroids[c] = points.Mean(from, ends[c]);
        }

        if (idle.Count == 0) return;
        // A centroid that lost its points takes the point that its own centroid serves worst.
        foreach (int c in idle) centroids[c] = Worst(points, centroids, ends);
        Array.Sort(centroids);
    }

    private static double Worst(WeightedPoints points, double[] centroids, int[] ends)
    {
        double worst = centroids[0], most = -1;
        for (int c = 0; c < centroids.Length; c++)
        {
            for (int i = c == 0 ? 0 : ends[c - 1]; i < ends[c]; i++)
            {
                double distance = points.Values[i] - centroids[c];
                double error = points.Weight(i, i + 1) * distance * distance;
                if (error <= most || Array.IndexOf(centroids, points.Values[i]) >= 0) continue;
                (most, worst) = (error, points.Values[i]);
            }
        }

        return worst;
    }
}
