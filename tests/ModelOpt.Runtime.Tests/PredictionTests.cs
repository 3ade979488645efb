namespace ModelOpt.Runtime.Tests;

[TestClass]
internal sealed class PredictionTests
{
    private static readonly string[] Labels = ["a", "b", "c", "d", "e"];

    [TestMethod]
    public void The_highest_scores_come_first_and_equal_ones_by_index()
    {
        var top = new Prediction[3];
        Assert.AreEqual(3, Prediction.TopK([0.1f, 0.4f, float.NaN, 0.4f, 0.2f], Labels, top));
        CollectionAssert.AreEqual(new Prediction[] { new(1, "b", 0.4f), new(3, "d", 0.4f), new(4, "e", 0.2f) }, top);
    }

    [TestMethod]
    public void Any_number_can_be_asked_for()
    {
        float[] scores = [5, -1, 3, float.NegativeInfinity, 4];
        Assert.AreEqual(0, Prediction.TopK(scores, Labels, []));
        var top = new Prediction[9];
        Assert.AreEqual(5, Prediction.TopK(scores, Labels, top));
        CollectionAssert.AreEqual(new[] { 0, 4, 2, 1, 3 }, top.Take(5).Select(p => p.Index).ToArray());
    }

    [TestMethod]
    public void There_is_one_label_for_each_score() =>
        Assert.ThrowsExactly<ArgumentException>(() => Prediction.TopK([1, 2], Labels, new Prediction[1]));
}
