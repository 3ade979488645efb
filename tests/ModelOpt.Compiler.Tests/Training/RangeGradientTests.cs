using ModelOpt.Compiler.Training;

namespace ModelOpt.Compiler.Tests.Training;

[TestClass]
internal sealed class RangeGradientTests
{
    [TestMethod]
    [DataRow(1)]
    [DataRow(15)]
    [DataRow(16)]
    [DataRow(3000)]
    public void It_is_the_sum_over_elements(int count)
    {
        const float low = -0.5f, high = 0.6f, step = 1.1f / 255, margin = step / 2;
        float[] x = TestGraph.RandomTensor(1, count).Span<float>().ToArray(), dy = TestGraph.RandomTensor(2, count).Span<float>().ToArray();
        float[] rounded = Array.ConvertAll(x, v => Math.Clamp(MathF.Round(v / step) * step, low, high));
        double expectedLow = 0, expectedHigh = 0;
        for (int i = 0; i < count; i++)
        {
            // x̂ = low below, high above; between n·(high − low)/255, of which the derivative by either end is ±(n − x/s)/255.
            double between = (rounded[i] - x[i]) / (high - low);
            expectedLow += dy[i] * (x[i] <= low - margin ? 1 : x[i] >= high + margin ? 0 : -between);
            expectedHigh += dy[i] * (x[i] <= low - margin ? 0 : x[i] >= high + margin ? 1 : between);
        }

        RangeGradient gradient = RangeGradient.Of(x, rounded, dy, low, high, margin);
        Assert.AreEqual(expectedLow, gradient.Low, 1e-4);
        Assert.AreEqual(expectedHigh, gradient.High, 1e-4);
    }

    [TestMethod]
    public void The_tape_gives_that_of_the_loss_where_values_are_cut_off()
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 3), w = g.Constant(Tensor.Of<float>([3, 3], [1, 0, 0, 0, 1, 0, 0, 0, 1]));
        Value y = g.Output(g.Add("MatMul", x, w));
        Graph graph = g.Build();
        y.Quantization = Quantization.PerTensor(ElementType.Int8, 0.01f, 0);
        var tape = new GradientTape(graph, [y]) { Ranged = [y] };
        tape.Forward([Tensor.Of<float>([2, 3], [0.5f, 2f, -2f, 3f, 0.25f, 0.75f])]);
        tape.Backward([Tensor.Of<float>([2, 3], [1, 2, 3, 4, 5, 6])]);
        RangeGradient gradient = tape.RangeGradient(y);
        Assert.AreEqual(3, gradient.Low, 1e-5);
        Assert.AreEqual(6, gradient.High, 1e-5);
    }
}
