using ModelOpt.Compiler.Training;

namespace ModelOpt.Compiler.Tests.Training;

[TestClass]
internal sealed class LossTapeTests
{
    [TestMethod]
    public void A_graph_of_one_sample_gives_the_gradients_that_one_of_any_number_gives()
    {
        // More than the sixteen samples of a run, and not a multiple of them.
        const int samples = 37;
        TrainingBatch batch = new([TestGraph.RandomTensor(3, samples, 2, 6, 6)], [.. Enumerable.Range(0, samples).Select(i => i % 4)]);
        (double expectedLoss, Tensor[] expected, RangeGradient expectedRange) = Run(-1);
        (double loss, Tensor[] gradients, RangeGradient range) = Run(1);
        Assert.AreEqual(expectedLoss, loss, 1e-6);
        Assert.AreEqual(expectedRange.Low, range.Low, 1e-5);
        Assert.AreEqual(expectedRange.High, range.High, 1e-5);
        Assert.HasCount(expected.Length, gradients);
        for (int g = 0; g < gradients.Length; g++)
        {
            float largest = expected[g].Span<float>().ToArray().Max(MathF.Abs);
            Assert.IsGreaterThan(0, largest);
            for (int i = 0; i < gradients[g].Count; i++)
                Assert.AreEqual(expected[g].Span<float>()[i], gradients[g].Span<float>()[i], 1e-5f * largest);
        }

        (double Loss, Tensor[] Gradients, RangeGradient Range) Run(int size)
        {
            var g = new TestGraph();
            Value x = g.Input("x", size, 2, 6, 6);
            Value y = g.Add("Relu", g.Add("Conv", [x, g.Random(1, 5, 2, 3, 3), g.Random(2, 5)]));
            Value scores = g.Output(g.Add("Gemm", [g.Add("Flatten", y), g.Random(5, 4, 80), g.Random(6, 4)], ("transB", 1)));
            Graph graph = g.Build();
            y.Quantization = Quantization.PerTensor(ElementType.Int8, 0.005f, -100);
            LossTape tape = new(graph, [new LabelObjective(scores)], null) { Ranged = [y] };
            (double loss, Tensor[] gradients) = tape.Of(batch, default);
            return (loss, gradients, tape.RangeOf(y));
        }
    }
}
