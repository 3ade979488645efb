using ModelOpt.Compiler.Techniques.Clustering;

namespace ModelOpt.Compiler.Tests.Techniques.Clustering;

[TestClass]
internal sealed class CentroidInitializationTests
{
    private static readonly double[] Values = [.. Enumerable.Range(1, 100).Select(i => i * i / 100.0)];

    [TestMethod]
    public void Linear_is_evenly_from_the_smallest_to_the_largest() =>
        CollectionAssert.AreEqual(
            Enumerable.Range(0, 10).Select(i => 0.01 + (99.99 * i / 9)).ToArray(), Of(ClusterInitialization.Linear, 10));

    [TestMethod]
    public void Between_two_of_density_lie_as_many_points()
    {
        double[] centroids = Of(ClusterInitialization.Density, 10);
        Assert.HasCount(10, centroids);
        for (int c = 1; c < 10; c++) Assert.AreEqual(10, Values.Count(v => v > centroids[c - 1] && v <= centroids[c]));
    }

    [TestMethod]
    [DataRow(ClusterInitialization.Random)]
    [DataRow(ClusterInitialization.KMeansPlusPlus)]
    public void Chosen_points_are_points_each_once_and_depend_on_the_seed(ClusterInitialization method)
    {
        double[] centroids = Of(method, 10);
        Assert.HasCount(10, centroids.Distinct());
        Assert.IsTrue(centroids.All(Values.Contains));
        CollectionAssert.AreEqual(centroids, Of(method, 10));
        CollectionAssert.AreNotEqual(centroids, Of(method, 10, seed: 1));
    }

    [TestMethod]
    public void KMeansPlusPlus_chooses_by_squared_distance_and_weight()
    {
        // After one of the two near points, the far one has 10,000 of 10,001 chances; with a weight of 1e-8, one of 10,001.
        int far = 0, light = 0;
        for (int seed = 0; seed < 200; seed++)
        {
            var even = new WeightedPoints([0, 1, 100]);
            double[] two = CentroidInitialization.Of(ClusterInitialization.KMeansPlusPlus, even, 2, false, new Random(seed));
            if (two.Contains(100)) far++;
            var uneven = new WeightedPoints([0, 1, 100], [1, 1, 1e-8]);
            two = CentroidInitialization.Of(ClusterInitialization.KMeansPlusPlus, uneven, 2, false, new Random(seed));
            if (two.Contains(100)) light++;
        }

        Assert.IsGreaterThanOrEqualTo(199, far);
        Assert.IsLessThanOrEqualTo(2, light);
    }

    [TestMethod]
    [DataRow(ClusterInitialization.Linear)]
    [DataRow(ClusterInitialization.Density)]
    [DataRow(ClusterInitialization.Random)]
    [DataRow(ClusterInitialization.KMeansPlusPlus)]
    public void Beside_a_pinned_zero_each_sign_has_its_part(ClusterInitialization method)
    {
        var points = new WeightedPoints([.. Values.Select(v => -v), .. Values[..50], .. Values[..25].Select(v => v + 1e-4)]);
        double[] centroids = CentroidInitialization.Of(method, points, 8, true, new Random(5));
        Assert.AreEqual(1, centroids.Count(c => c == 0));
        // 100 negative and 75 positive points share seven.
        Assert.AreEqual((4, 3), (centroids.Count(c => c < 0), centroids.Count(c => c > 0)));
        double[] few = CentroidInitialization.Of(method, new WeightedPoints([-1, 2, .. Enumerable.Range(3, 90)]), 3, true, new Random(5));
        Assert.AreEqual((1, 1), (few.Count(c => c < 0), few.Count(c => c > 0)));
    }

    private static double[] Of(ClusterInitialization method, int count, int seed = 0) =>
        CentroidInitialization.Of(method, new WeightedPoints(Values), count, false, new Random(seed));
}
