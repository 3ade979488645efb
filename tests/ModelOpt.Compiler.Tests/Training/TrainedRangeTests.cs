using ModelOpt.Compiler.Training;

namespace ModelOpt.Compiler.Tests.Training;

[TestClass]
internal sealed class TrainedRangeTests
{
    [TestMethod]
    public void Those_that_calibration_chose_are_trained_and_those_that_share_a_grid_together()
    {
        Graph graph = Network(out Value conv, out Value pooled, out Value sigmoid, out Value joined);
        IReadOnlyList<TrainedRange> ranges = TrainedRange.Of(graph, OptimizerKind.Sgd);
        CollectionAssert.AreEquivalent(
            new[] { conv, pooled }, ranges.Single().Values.ToArray(), "not the input, a Sigmoid's, or one with a constant");
        ranges[0].Step(new RangeGradient(0, -1), 0.01f);
        Assert.AreEqual(conv.Quantization, pooled.Quantization);
        Assert.AreNotEqual(sigmoid.Quantization, conv.Quantization);
        Assert.AreEqual(joined.Quantization, joined.Producer!.Input(1).Quantization);
    }

    [TestMethod]
    [DataRow(-1f, 3f)]
    [DataRow(0f, 6f)]
    [DataRow(-6f, 0f)]
    public void Ends_follow_their_gradients_and_zero_stays(float low, float high)
    {
        Graph graph = Network(out Value conv, out Value pooled, out _, out _);
        conv.Quantization = pooled.Quantization = new ValueRange(low, high).ToQuantization();
        TrainedRange range = TrainedRange.Of(graph, OptimizerKind.Sgd).Single();
        (float lowBefore, float highBefore) = TrainedRange.Ends(conv.Quantization);
        for (int i = 0; i < 10; i++) range.Step(new RangeGradient(1, -1), 0.001f);
        (float lowAfter, float highAfter) = TrainedRange.Ends(conv.Quantization!);
        if (low == 0) Assert.AreEqual(0, lowAfter);
        else Assert.IsLessThan(lowBefore, lowAfter);
        if (high == 0) Assert.AreEqual(0, highAfter);
        else Assert.IsGreaterThan(highBefore, highAfter);
        // It never vanishes, however far gradients would take it.
        for (int i = 0; i < 100; i++) range.Step(new RangeGradient(-1, 1), 1);
        Assert.IsGreaterThan((high - low) / 255 / 8 * 0.99f, conv.Quantization!.Scale);
    }

    private static Graph Network(out Value conv, out Value pooled, out Value sigmoid, out Value joined)
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 2, 4, 4);
        conv = g.Add("Conv", [x, g.Random(1, 2, 2, 1, 1)]);
        pooled = g.Add("MaxPool", [conv], ("kernel_shape", new[] { 2, 2 }));
        sigmoid = g.Add("Sigmoid", pooled);
        joined = g.Add("Concat", [sigmoid, g.Random(2, 1, 2, 3, 3)], ("axis", 0));
        g.Output(joined);
        Graph graph = g.Build();
        x.Quantization = Quantization.PerTensor(ElementType.Int8, 0.01f, 0);
        conv.Quantization = pooled.Quantization = Quantization.PerTensor(ElementType.Int8, 0.02f, 3);
        sigmoid.Quantization = Quantization.PerTensor(ElementType.Int8, 1f / 256, -128);
        joined.Quantization = joined.Producer!.Input(1).Quantization = Quantization.PerTensor(ElementType.Int8, 0.03f, 0);
        return graph;
    }
}
