using ModelOpt.Compiler.Techniques.Clustering;

namespace ModelOpt.Compiler.Tests.Techniques.Clustering;

[TestClass]
internal sealed class KMeansTests
{
    [TestMethod]
    [DataRow(ClusterInitialization.Linear)]
    [DataRow(ClusterInitialization.Density)]
    [DataRow(ClusterInitialization.Random)]
    [DataRow(ClusterInitialization.KMeansPlusPlus)]
    public void It_ends_where_points_are_nearest_and_centroids_are_means(ClusterInitialization method)
    {
        for (int seed = 0; seed < 20; seed++)
        {
            (double[] values, double[] weights) = Numbers(seed, 200);
            var points = new WeightedPoints(values, weights);
            double[] centroids = KMeans.Lloyd(points, CentroidInitialization.Of(method, points, 7, false, new Random(seed)));
            Assert.HasCount(7, centroids);
            // By the definition: each point with its nearest centroid, and the weighted mean of those of each.
            double error = Error(values, weights, centroids);
            double[] sum = new double[7], weight = new double[7];
            for (int i = 0; i < values.Length; i++)
            {
                int nearest = Enumerable.Range(0, 7).MinBy(c => Math.Abs(values[i] - centroids[c]));
                sum[nearest] += weights[i] * values[i];
                weight[nearest] += weights[i];
            }

            for (int c = 0; c < 7; c++) Assert.AreEqual(sum[c] / weight[c], centroids[c], 1e-12);
            double optimum = Optimum(values, weights, 7);
            Assert.IsGreaterThanOrEqualTo(optimum - 1e-9, error);
            if (method == ClusterInitialization.KMeansPlusPlus) Assert.IsLessThan(1.6 * optimum, error);
        }
    }

    [TestMethod]
    public void Groups_far_apart_are_found_exactly()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            var random = new Random(seed);
            double[] values = [.. Enumerable.Range(0, 60).Select(i => (i % 5 * 100.0) + random.NextDouble())];
            double[] weights = [.. values.Select(_ => 0.1 + random.NextDouble())];
            var points = new WeightedPoints(values, weights);
            double[] centroids = KMeans.Lloyd(
                points, CentroidInitialization.Of(ClusterInitialization.KMeansPlusPlus, points, 5, false, random));
            Assert.AreEqual(Optimum(values, weights, 5), Error(values, weights, centroids), 1e-8);
        }
    }

    [TestMethod]
    public void A_centroid_without_points_finds_some()
    {
        var points = new WeightedPoints([0, 1, 10, 11]);
        double[] centroids = KMeans.Lloyd(points, [0.5, 5.4, 5.5, 10.5]);
        Assert.AreEqual(Optimum([0, 1, 10, 11], [1, 1, 1, 1], 4), Error([0, 1, 10, 11], [1, 1, 1, 1], centroids), 1e-12);
    }

    [TestMethod]
    public void A_pinned_zero_stays_and_a_free_one_does_not()
    {
        (double[] values, double[] weights) = Numbers(3, 100);
        var points = new WeightedPoints([.. values.Select(v => v + 0.3)], weights);
        double[] start = CentroidInitialization.Of(ClusterInitialization.Linear, points, 5, true, new Random(0));
        Assert.Contains(0.0, start);
        Assert.Contains(0.0, KMeans.Lloyd(points, start, zeroPinned: true));
        Assert.DoesNotContain(0.0, KMeans.Lloyd(points, start));
    }

    /// <summary>The weighted squared error of numbers with the nearest of some centroids for each.</summary>
    private static double Error(double[] values, double[] weights, double[] centroids) =>
        values.Zip(weights, (v, w) => w * centroids.Min(c => (v - c) * (v - c))).Sum();

    private static (double[] Values, double[] Weights) Numbers(int seed, int count)
    {
        var random = new Random(seed);
        return ([.. Enumerable.Range(0, count).Select(_ => random.NextDouble() + random.NextDouble() - random.NextDouble() - 0.5)],
            [.. Enumerable.Range(0, count).Select(_ => 0.1 + random.NextDouble())]);
    }

    /// <summary>The least error of all partitions of numbers, by dynamic programming over runs of sorted numbers.</summary>
    private static double Optimum(double[] values, double[] weights, int clusters)
    {
        int[] order = [.. Enumerable.Range(0, values.Length).OrderBy(i => values[i])];
        int n = order.Length;
        double[] best = [0, .. Enumerable.Repeat(double.PositiveInfinity, n)];
        for (int k = 0; k < clusters; k++)
        {
            double[] next = [.. Enumerable.Repeat(double.PositiveInfinity, n + 1)];
            for (int from = 0; from < n; from++)
            {
                double weight = 0, mean = 0, error = 0;
                for (int to = from; to < n; to++)
                {
                    double w = weights[order[to]], off = values[order[to]] - mean;
                    weight += w;
                    mean += off * w / weight;
                    error += w * off * (values[order[to]] - mean);
                    next[to + 1] = Math.Min(next[to + 1], best[from] + error);
                }
            }

            best = next;
        }

        return best[n];
    }
}
