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
    public void Logits_become_probabilities()
    {
        var top = new Prediction[2];
        Assert.AreEqual(2, Prediction.TopK([1, 3, float.NaN, 2, float.NegativeInfinity], Labels, top, softmax: true));
        double sum = Math.Exp(1) + Math.Exp(3) + Math.Exp(2);
        Assert.AreEqual(Math.Exp(3) / sum, top[0].Score, 1e-6);
        Assert.AreEqual(Math.Exp(2) / sum, top[1].Score, 1e-6);

        // Neither large logits nor an infinite one make it a NaN.
        Prediction.TopK([1e30f, 1e30f, 0, 0, 0], Labels, top, softmax: true);
        Assert.AreEqual(0.5f, top[0].Score);
        Prediction.TopK([float.PositiveInfinity, 0, 0, 0, 0], Labels, top, softmax: true);
        Assert.AreEqual(1, top[0].Score);
        Assert.AreEqual(0, top[1].Score);
    }

    [TestMethod]
    public void There_is_one_label_for_each_score() =>
        Assert.ThrowsExactly<ArgumentException>(() => Prediction.TopK([1, 2], Labels, new Prediction[1]));
}
