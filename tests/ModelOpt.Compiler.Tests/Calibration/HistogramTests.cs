using ModelOpt.Compiler.Calibration;

namespace ModelOpt.Compiler.Tests.Calibration;

[TestClass]
internal sealed class HistogramTests
{
    [TestMethod]
    public void Counts_every_value_in_the_bin_that_holds_it()
    {
        Histogram histogram = new();
        Assert.IsTrue(histogram.Add([-1f, 0f, 0.25f, 3f, 3f]));

        Assert.AreEqual((-1f, 3f, 5L), (histogram.Min, histogram.Max, histogram.Total));
        Assert.AreEqual(2, Count(histogram, 3f));
        Assert.AreEqual(1, Count(histogram, -1f));
        Assert.AreEqual(0, Count(histogram, 1f));
        Assert.IsLessThanOrEqualTo(Histogram.MaxBins, histogram.Counts.Length);
    }

    [TestMethod]
    public void Does_not_depend_on_the_order_of_the_values()
    {
        Random random = new(1);
        float[] values = [.. Enumerable.Range(0, 5000).Select(i => (float)((random.NextDouble() - 0.4) * Math.Pow(10, i % 7)))];
        Histogram forwards = new(), backwards = new();
        foreach (float[] chunk in values.Chunk(17)) forwards.Add(chunk);
        Array.Reverse(values);
        foreach (float[] chunk in values.Chunk(101)) backwards.Add(chunk);

        Assert.AreEqual(forwards.Width, backwards.Width);
        Assert.AreEqual(forwards.Start, backwards.Start);
        CollectionAssert.AreEqual(forwards.Counts.ToArray(), backwards.Counts.ToArray());
        Assert.AreEqual(values.Length, forwards.Counts.ToArray().Sum());
    }

    [TestMethod]
    [DataRow(float.NaN)]
    [DataRow(float.PositiveInfinity)]
    [DataRow(float.NegativeInfinity)]
    public void Refuses_what_is_not_finite(float value)
    {
        Histogram histogram = new();
        Assert.IsFalse(histogram.Add([1f, value]));
        Assert.AreEqual(0, histogram.Total);
    }

    [TestMethod]
    public void Holds_the_extremes_of_float()
    {
        Histogram histogram = new();
        Assert.IsTrue(histogram.Add([float.Epsilon]));
        Assert.IsTrue(histogram.Add([float.MaxValue, float.MinValue]));
        Assert.AreEqual(3, histogram.Total);
        Assert.IsLessThanOrEqualTo(Histogram.MaxBins, histogram.Counts.Length);
    }

    private static long Count(Histogram histogram, float value)
    {
        long bin = (long)Math.Floor((value - histogram.Start) / histogram.Width);
        return histogram.Counts[(int)bin];
    }

    [TestMethod]
    public void A_first_sample_of_one_value_leaves_room_for_any_other()
    {
        foreach (float first in new[] { 0.5f, -3f, 1e-30f, 1e30f, 0f })
        {
            var histogram = new Histogram();
            Assert.IsTrue(histogram.Add([first]));
            Assert.IsTrue(histogram.Add([-1e20f, first, 1e10f]));
            Assert.AreEqual(4, histogram.Counts.ToArray().Sum());
            Assert.AreEqual(Math.ScaleB(1, Math.ILogB(Math.Max(first, 1e10f) + 1e20) - 11), histogram.Width);
        }
    }
}
