using ModelOpt.Compiler.Training;

namespace ModelOpt.Compiler.Tests.Training;

[TestClass]
internal sealed class LearningRatesTests
{
    [TestMethod]
    public void Cosine_falls_from_the_largest_through_half_to_zero()
    {
        Assert.AreEqual(0.1f, At(LearningRateSchedule.Cosine, 0), 1e-7f);
        Assert.AreEqual(0.05f, At(LearningRateSchedule.Cosine, 500), 1e-7f);
        Assert.AreEqual(0.1f * 0.146447f, At(LearningRateSchedule.Cosine, 750), 1e-7f);
        Assert.AreEqual(0, At(LearningRateSchedule.Cosine, 1000), 1e-7f);
    }

    [TestMethod]
    public void One_cycle_rises_for_three_tenths_and_falls()
    {
        float[] rates = [.. Enumerable.Range(0, 1000).Select(i => At(LearningRateSchedule.OneCycle, i))];
        Assert.AreEqual(0.1f / 25, rates[0], 1e-7f);
        Assert.AreEqual(0.1f, rates[300], 1e-7f);
        Assert.IsLessThan(1e-5f, rates[999]);
        for (int i = 1; i < 1000; i++) Assert.AreEqual(i <= 300, rates[i] > rates[i - 1], $"step {i}");
    }

    [TestMethod]
    public void Constant_stays() =>
        Assert.IsTrue(Enumerable.Range(0, 1000).All(i => At(LearningRateSchedule.Constant, i) == 0.1f));

    private static float At(LearningRateSchedule schedule, int step) => LearningRates.Of(schedule, 0.1, step, 1000);
}
