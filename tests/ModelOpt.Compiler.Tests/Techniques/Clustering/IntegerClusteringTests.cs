using ModelOpt.Compiler.Techniques.Clustering;

namespace ModelOpt.Compiler.Tests.Techniques.Clustering;

[TestClass]
internal sealed class IntegerClusteringTests
{
    private const int Channels = 24, PerChannel = 160;

    [TestMethod]
    [DataRow(ClusterScope.Tensor, 16)]
    [DataRow(ClusterScope.Channel, 16)]
    [DataRow(ClusterScope.Channel, 5)]
    public void Integers_are_few_close_and_cheap(ClusterScope scope, int clusters)
    {
        LayerWeights layer = Layer();
        var outcome = IntegerClustering.Fit(layer, clusters, scope, ClusterInitialization.KMeansPlusPlus, 0, default);
        int most = scope == ClusterScope.Tensor ? outcome.Assigned.Distinct().Count()
            : Enumerable.Range(0, Channels).Max(c => outcome.Assigned[(c * PerChannel)..((c + 1) * PerChannel)].Distinct().Count());
        Assert.IsLessThanOrEqualTo(clusters, most);
        // Lloyd's iteration alone (no price of bits) is what both bounds are about.
        double step = layer.Points(Enumerable.Range(0, Channels), true).Values[^1] / 127;
        double uniform = Entropy([.. Enumerable.Range(0, Channels * PerChannel).Select(i => (int)Math.Round(
            layer.Values(i / PerChannel)[i % PerChannel] / layer.Loudness(i / PerChannel) / step))]);
        Assert.IsLessThan(uniform - Math.Log2(255.0 / clusters) + 1, Entropy(outcome.Assigned));
        double error = 0;
        for (int i = 0; i < outcome.Assigned.Length; i++)
        {
            int c = i / PerChannel;
            double off = (layer.Values(c)[i % PerChannel] - (outcome.Assigned[i] * outcome.Codebook.Scales[c])) / layer.Loudness(c);
            error += off * off;
        }

        Assert.AreEqual(error, outcome.Error, 1e-9 * error);
        // The best K levels for a normal distribution leave about 2.7 / K² of it (Panter and Dite 1951).
        Assert.IsLessThan(IntegerClustering.ErrorBound * 2.72 / clusters / clusters * outcome.Assigned.Length, outcome.Error);
    }

    [TestMethod]
    public void A_price_of_bits_lowers_them_and_none_leaves_the_least_error()
    {
        LayerWeights layer = Layer();
        var priced = IntegerClustering.Fit(layer, 16, ClusterScope.Tensor, ClusterInitialization.KMeansPlusPlus, 0, default);
        var free = new EntropyConstrainedLloyd(layer, ClusterScope.Tensor, default).Run(priced.Codebook, 0);
        Assert.IsLessThan(Entropy(free.Assigned), Entropy(priced.Assigned));
        Assert.IsLessThan(priced.Error, free.Error);
    }

    [TestMethod]
    public void Channels_differ_in_scale_and_not_in_integers()
    {
        var outcome = IntegerClustering.Fit(Layer(), 16, ClusterScope.Tensor, ClusterInitialization.Density, 0, default);
        Assert.HasCount(1, outcome.Codebook.Levels.Distinct());
        Assert.IsGreaterThan(3, outcome.Codebook.Scales.Max() / outcome.Codebook.Scales.Min());
    }

    [TestMethod]
    [DataRow(0, 3)]
    [DataRow(1, 0)]
    public void The_cheapest_level_is_that_of_the_definition(int seed, double price)
    {
        var random = new Random(seed);
        double[] prices = [.. Enumerable.Range(0, 255).Select(_ => random.NextDouble() * price)];
        int[] levels = [.. Enumerable.Range(0, 20).Select(_ => random.Next(-127, 128)).Distinct().Order()];
        for (int i = 0; i < 1000; i++)
        {
            double value = (random.NextDouble() * 300) - 150, weight = random.NextDouble() / 10;
            double least = levels.Min(l => ((l - value) * (l - value) * weight) + prices[l + 127]);
            int chosen = levels[IntegerCodebook.Cheapest(levels, value, weight, prices)];
            Assert.AreEqual(least, ((chosen - value) * (chosen - value) * weight) + prices[chosen + 127], 1e-12);
        }
    }

    /// <summary>Normal weights; channels get louder.</summary>
    private static LayerWeights Layer()
    {
        var random = new Random(7);
        float[] values = [.. Enumerable.Range(0, Channels * PerChannel).Select(i => (float)(
            Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())
            * Math.Pow(1.1, i / PerChannel)))];
        return new LayerWeights(values, Channels, null, [[.. Enumerable.Repeat(1.0, PerChannel)]]);
    }

    private static double Entropy(int[] integers) => integers.CountBy(q => q)
        .Sum(c => -(double)c.Value / integers.Length * Math.Log2((double)c.Value / integers.Length));
}
