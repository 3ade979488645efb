using ModelOpt.Compiler.Calibration;

namespace ModelOpt.Compiler.Tests.Calibration;

[TestClass]
internal sealed class RangeEstimatorTests
{
    [TestMethod]
    public void Min_max_takes_the_extremes_and_zero()
    {
        Assert.AreEqual(new ValueRange(0, 9), Estimate(CalibrationMethod.MinMax, [2f, 9f, 5f]));
        Assert.AreEqual(new ValueRange(-3, 0), Estimate(CalibrationMethod.MinMax, [-3f, -1f]));
    }

    [TestMethod]
    public void Moving_average_moves_by_a_hundredth_of_each_sample()
    {
        ActivationStatistics statistics = new();
        statistics.Add([-1f, 1f]);
        statistics.Add([-2f, 11f]);

        ValueRange range = RangeEstimator.Estimate(statistics, CalibrationMethod.MovingAverage);

        Assert.AreEqual(-1.01f, range.Min, 1e-6f);
        Assert.AreEqual(1.1f, range.Max, 1e-6f);
    }

    [TestMethod]
    public void Percentile_drops_rare_outliers_at_both_ends()
    {
        float[] values = [.. Enumerable.Range(0, 100_000).Select(i => (i / 50_000f) - 1), -500f, 500f];

        ValueRange range = Estimate(CalibrationMethod.Percentile, values);

        // The 1e-4 quantiles lie within a bin of ±1; a bin is at most range / 2048.
        Assert.AreEqual(-1f, range.Min, 0.5f);
        Assert.AreEqual(1f, range.Max, 0.5f);
    }

    [TestMethod]
    public void Mse_cuts_off_a_long_thin_tail_but_not_the_bulk()
    {
        float[] values = Laplace(100_000);
        ValueRange all = Estimate(CalibrationMethod.MinMax, values);

        ValueRange range = Estimate(CalibrationMethod.Mse, values);

        Assert.IsLessThan(0.95f * all.Max, range.Max);
        Assert.IsGreaterThan(0.95f * all.Min, range.Min);
        Assert.IsGreaterThan(3f, range.Max);
        Assert.IsLessThan(-3f, range.Min);
    }

    [TestMethod]
    public void Entropy_cuts_off_outliers_but_not_the_bulk()
    {
        ValueRange range = Estimate(CalibrationMethod.Entropy, [.. Laplace(100_000), 200f, -150f]);

        Assert.IsLessThan(40f, range.Max);
        Assert.IsGreaterThan(5f, range.Max);
        Assert.AreEqual(-range.Max, range.Min);
    }

    [TestMethod]
    public void Entropy_takes_the_zeros_of_a_relu_for_no_loss()
    {
        float[] values = [.. Laplace(100_000).Select(v => MathF.Max(v, 0))];
        Assert.IsGreaterThan(3f, Estimate(CalibrationMethod.Entropy, values).Max);
    }

    [TestMethod]
    public void Entropy_keeps_all_of_what_is_seen_seldom()
    {
        float[] values = Laplace(1000);
        Assert.AreEqual(Estimate(CalibrationMethod.MinMax, values), Estimate(CalibrationMethod.Entropy, values));
    }

    [TestMethod]
    public void Mse_is_better_than_min_max_on_the_values_themselves()
    {
        float[] values = Laplace(20_000);
        double minMax = Error(values, Estimate(CalibrationMethod.MinMax, values));
        double mse = Error(values, Estimate(CalibrationMethod.Mse, values));
        Assert.IsLessThan(minMax, mse);
    }

    [TestMethod]
    [DataRow(CalibrationMethod.MinMax)]
    [DataRow(CalibrationMethod.MovingAverage)]
    [DataRow(CalibrationMethod.Percentile)]
    [DataRow(CalibrationMethod.Entropy)]
    [DataRow(CalibrationMethod.Mse)]
    public void What_is_always_zero_has_the_empty_range(CalibrationMethod method) =>
        Assert.AreEqual(new ValueRange(0, 0), Estimate(method, [0f, 0f]));

    private static ValueRange Estimate(CalibrationMethod method, float[] values)
    {
        ActivationStatistics statistics = new();
        Assert.IsTrue(statistics.Add(values));
        return RangeEstimator.Estimate(statistics, method);
    }

    private static float[] Laplace(int count)
    {
        Random random = new(7);
        return [.. Enumerable.Range(0, count).Select(_ =>
            (float)(-Math.Log(1 - random.NextDouble()) * (random.Next(2) == 0 ? -1 : 1)))];
    }

    private static double Error(float[] values, ValueRange range) => values.Sum(v =>
        Math.Pow(v - ((Math.Clamp(Math.Round(v / range.Scale) + range.ZeroPoint, -128, 127) - range.ZeroPoint) * range.Scale), 2));
}
