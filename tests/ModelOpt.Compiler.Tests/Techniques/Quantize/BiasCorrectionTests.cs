using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Techniques.Quantize;
using ModelOpt.Compiler.Tests.Simplify;

namespace ModelOpt.Compiler.Tests.Techniques.Quantize;

[TestClass]
internal sealed class BiasCorrectionTests
{
    [TestMethod]
    [DataRow(true, -1)]
    [DataRow(false, -1)]
    [DataRow(true, 1)]
    [DataRow(false, 2)]
    public void Coarse_weights_no_longer_shift_the_means(bool bias, int size)
    {
        double without = LargestShift(bias, size, correct: false), with = LargestShift(bias, size, correct: true);
        Assert.IsGreaterThan(0.05, without, "the graph is no hard case");
        Assert.IsLessThan(without / 10, with);
    }

    [TestMethod]
    public void Only_layers_with_constant_weights_are_corrected()
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 4, 6, 6);
        Value conv = g.Add("Conv", x, g.Random(1, 4, 4, 1, 1));
        g.Output(g.Add("MatMul", conv, x));
        Graph graph = g.Build();
        Dictionary<Value, double[]> means = BiasCorrection.FloatMeans(graph, graph.Nodes, [[TestGraph.RandomTensor(1, 2, 4, 6, 6)]],
            default);
        Assert.AreSame(conv, means.Single().Key);
        Assert.HasCount(4, means[conv]);
    }

    /// <summary>The largest difference of a channel's mean from float, over all layers, before the output is rounded.</summary>
    private static double LargestShift(bool bias, int size, bool correct)
    {
        Graph graph = Coarse(bias, size);
        Tensor batch = TestGraph.RandomTensor(5, 8, 4, 8, 8);
        foreach (ref float x in batch.Span<float>()) x = (x + 1) / 2;
        Tensor[][] batches = size < 0 ? [[batch]] : Apart(batch, size);
        Node[] layers = [.. graph.Nodes.Where(n => n.Type == "Conv")];
        Dictionary<Value, double[]> exact = BiasCorrection.FloatMeans(graph, layers, batches, default);
        graph.Annotate(batch);
        if (correct) Assert.AreEqual(layers.Length, BiasCorrection.Apply(graph, exact, batches, default));
        GraphVerifier.Verify(graph, "correction");

        double largest = 0;
        new Interpreter(graph)
        {
            FakeQuantize = true,
            BeforeRounding = (value, tensors) =>
            {
                if (exact.TryGetValue(value, out double[]? means))
                    for (int c = 0; c < means.Length; c++)
                        largest = Math.Max(largest, Math.Abs(tensors.Average(t => Mean(t, c)) - means[c]));
            },
        }.RunTogether(batches, default);
        return largest;
    }

    private static Tensor[][] Apart(Tensor batch, int size)
    {
        int[] dims = [size, .. batch.Dims[1..]];
        return [.. batch.Span<float>().ToArray().Chunk(dims.Aggregate((a, b) => a * b)).Select(c => new[] { Tensor.Of<float>(dims, c) })];
    }

    private static double Mean(Tensor tensor, int channel)
    {
        int inner = tensor.Dims[2] * tensor.Dims[3];
        double sum = 0;
        for (int n = 0; n < tensor.Dims[0]; n++)
            foreach (float x in tensor.Span<float>().Slice(((n * tensor.Dims[1]) + channel) * inner, inner)) sum += x;
        return sum / tensor.Dims[0] / inner;
    }

    /// <summary>Two layers in whose channels one large weight makes the grid coarse for all others.</summary>
    private static Graph Coarse(bool bias, int size)
    {
        var g = new TestGraph();
        Value x = g.Input("x", size, 4, 8, 8);
        Value first = g.Add("Relu", g.Add("Conv", x, Weight(g, 1), bias ? g.Random(3, 8) : null));
        first = g.Add("Conv", [first, g.Random(9, 4, 8, 1, 1), bias ? g.Random(4, 4) : null]);
        g.Output(g.Add("Conv", g.Add("Relu", first), Weight(g, 2), bias ? g.Random(5, 8) : null));
        return g.Build();
    }

    private static Value Weight(TestGraph g, int seed)
    {
        Tensor weight = TestGraph.RandomTensor(seed, 8, 4, 3, 3);
        // All others lie below half a step, and so round to zero.
        for (int i = 0; i < weight.Count; i++) weight.Span<float>()[i] = i % 36 == 0 ? 8 : MathF.Abs(weight.Span<float>()[i]) * 0.03f;
        return g.Constant(weight);
    }
}
