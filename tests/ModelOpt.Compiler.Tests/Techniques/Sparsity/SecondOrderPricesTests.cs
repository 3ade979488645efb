using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Techniques.Sparsity;
using ModelOpt.Compiler.Tests.Techniques.Clustering;

namespace ModelOpt.Compiler.Tests.Techniques.Sparsity;

[TestClass]
internal sealed class SecondOrderPricesTests
{
    private const int K = 8;

    [TestMethod]
    public void Its_zeros_are_nearly_the_best_of_all_choices_and_better_than_by_magnitude()
    {
        double found = 0, best = 0, magnitude = 0;
        for (int seed = 0; seed < 20; seed++)
        {
            (LayerQuadratic error, _, float[] w) = ConstrainTesting.Layer(seed, 1, K);
            double[] prices = Prices(error, SparsityPattern.Unstructured, w);
            for (int zeros = 1; zeros < K; zeros++)
            {
                HashSet<int> chosen = [.. Cheapest(prices, zeros)];
                HashSet<int> smallest = [.. Enumerable.Range(0, K).OrderBy(i => MathF.Abs(w[i])).Take(zeros)];
                double energy = ConstrainTesting.LeastError(error, w, _ => true);
                found += ConstrainTesting.LeastError(error, w, chosen.Contains) / energy;
                magnitude += ConstrainTesting.LeastError(error, w, smallest.Contains) / energy;
                best += Enumerable.Range(0, 1 << K).Where(m => int.PopCount(m) == zeros)
                    .Min(m => ConstrainTesting.LeastError(error, w, i => (m >> i & 1) != 0)) / energy;
            }
        }

        Assert.IsTrue(found <= 1.1 * best, $"{found} against {best} of the best of all masks");
        Assert.IsTrue(found <= 0.8 * magnitude, $"{found} against {magnitude} of magnitude, both with the others fitted");
    }

    [TestMethod]
    public void The_first_price_is_what_the_normal_equations_say()
    {
        (LayerQuadratic error, _, float[] w) = ConstrainTesting.Layer(5, 1, K);
        double[] prices = Prices(error, SparsityPattern.Unstructured, w);
        int first = Cheapest(prices, 1).Single();
        double energy = ConstrainTesting.LeastError(error, w, _ => true);
        double[] each = [.. Enumerable.Range(0, K).Select(i => ConstrainTesting.LeastError(error, w, j => j == i) / energy)];
        Assert.AreEqual(each.Min(), each[first]);
        Assert.AreEqual(each[first], prices[first], 1e-6 * each[first]);
    }

    [TestMethod]
    public void The_first_block_is_the_one_that_costs_least_over_its_rows()
    {
        (LayerQuadratic error, _, float[] w) = ConstrainTesting.Layer(6, 4, 12);
        double[] prices = Prices(error, new SparsityPattern(SparsityKind.Block, 2, 4), w);
        double[] each = [.. Enumerable.Range(0, 6).Select(b => Enumerable.Range(b / 3 * 2, 2).Sum(row =>
            ConstrainTesting.LeastError(error, w.AsSpan(row * 12, 12), j => j / 4 == b % 3)))];
        int first = Cheapest(prices, 1).Single();
        Assert.AreEqual(Array.IndexOf(each, each.Min()), first);
        double energy = Enumerable.Range(0, 4).Sum(row => ConstrainTesting.LeastError(error, w.AsSpan(row * 12, 12), _ => true));
        Assert.AreEqual(each[first] / energy / 8, prices[first], 1e-6 * prices[first]);
    }

    [TestMethod]
    public void Where_columns_are_parted_prices_know_what_is_gone_in_other_parts()
    {
        const int columns = 32, rows = 48;
        (LayerQuadratic error, _, _) = ConstrainTesting.Layer(7, rows, columns);
        float[] best = [.. error.Best.Select(w => (float)w)];
        PatternLayout layout = new([rows, columns], SparsityPattern.Unstructured);
        double whole = Total(double.PositiveInfinity);
        Assert.AreEqual(whole, Total(rows * Math.Pow(columns, 3) / 4 / 12), 0.1 * whole);

        double Total(double mostWork) => SecondOrderPrices.Of(layout, [error], best, default, mostWork).Sum();
    }

    [TestMethod]
    public void Of_each_group_all_but_N_have_a_price()
    {
        (LayerQuadratic error, _, float[] w) = ConstrainTesting.Layer(7, 3, 12);
        double[] prices = Prices(error, new SparsityPattern(SparsityKind.NM, 1, 4), w);
        foreach (double[] group in prices.Chunk(4)) Assert.AreEqual(3, group.Count(double.IsFinite));
    }

    private static double[] Prices(LayerQuadratic error, SparsityPattern pattern, float[] weight) =>
        SecondOrderPrices.Of(new PatternLayout([error.Rows, error.Columns], pattern), [error], weight, default);

    private static IEnumerable<int> Cheapest(double[] prices, int count) =>
        Enumerable.Range(0, prices.Length).OrderBy(i => prices[i]).Take(count);
}
