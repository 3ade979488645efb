using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Techniques.Quantize;
using ModelOpt.Compiler.Tests.Simplify;

namespace ModelOpt.Compiler.Tests.Techniques.Quantize;

[TestClass]
internal sealed class ChannelEqualizationTests
{
    [TestMethod]
    public void The_float_model_computes_the_same_bits()
    {
        using var folder = new TempFolder();
        Graph graph = Disparate();
        Dictionary<string, Tensor> feeds = graph.Feeds();
        float[] before = graph.Interpret(feeds)[0].Span<float>().ToArray();
        float[] weight = graph.Nodes[0].Input(1).Constant!.Span<float>().ToArray();
        Assert.AreEqual(1, new ChannelEqualization().Apply(graph, folder.Calibrated(graph)).Changes);
        GraphVerifier.Verify(graph, "equalization");
        CollectionAssert.AreNotEqual(weight, graph.Nodes[0].Input(1).Constant!.Span<float>().ToArray());
        CollectionAssert.AreEqual(before, graph.Interpret(feeds)[0].Span<float>().ToArray());
    }

    [TestMethod]
    public void Disparate_channels_lose_far_less_to_rounding()
    {
        double without = Sqnr(equalize: false), with = Sqnr(equalize: true);
        Assert.IsLessThan(20, without, "the graph is no hard case");
        Assert.IsGreaterThan(without + 12, with, "noise must fall to less than a sixteenth");
    }

    [TestMethod]
    public void Equal_channels_are_left_alone()
    {
        using var folder = new TempFolder();
        var g = new TestGraph();
        Tensor ones = Tensor.Zeros(ElementType.Float32, [4, 4, 1, 1]);
        ones.Span<float>().Fill(0.5f);
        Value relu = g.Add("Relu", g.Add("Conv", g.Input("x", -1, 4, 5, 5), g.Constant(ones)));
        g.Output(g.Add("Conv", relu, g.Constant(ones)));
        Graph graph = g.Build();
        Assert.AreEqual(0, new ChannelEqualization().Apply(graph, folder.Calibrated(graph)).Changes);
    }

    [TestMethod]
    public void A_depthwise_layer_bears_the_whole_factor()
    {
        using var folder = new TempFolder();
        var g = new TestGraph();
        Value middle = g.Add("Conv", g.Input("x", -1, 3, 7, 7), Scaled(g, 1, [16, 3, 3, 3], out _));
        g.Output(g.Add("Conv", [middle, g.Random(2, 16, 1, 3, 3)], ("group", 16)));
        Graph graph = g.Build();
        Assert.AreEqual(1, new ChannelEqualization().Apply(graph, folder.Calibrated(graph)).Changes);
        float[] most = new float[16];
        new Interpreter(graph) { Hook = (value, tensor) => { if (value == middle) ChannelFactors.Raise(most, tensor); } }
            .Run([.. graph.Feeds().Values]);
        // Factors are powers of two; the data is not quite that of calibration.
        Assert.IsLessThan(3, most.Max() / most.Min());
    }

    [TestMethod]
    public void Without_data_nothing_changes() =>
        Assert.AreEqual(0, new ChannelEqualization().Apply(Disparate(), PassTesting.Context).Changes);

    [TestMethod]
    public void Groups_and_depthwise_layers_keep_their_bits()
    {
        using var folder = new TempFolder();
        var g = new TestGraph();
        Value y = g.Add("Relu", g.Add("Conv", g.Input("x", -1, 3, 7, 7), Scaled(g, 1, [8, 3, 3, 3], out _), g.Random(5, 8)));
        y = g.Add("LeakyRelu", g.Add("Conv", [y, g.Random(2, 8, 1, 3, 3), g.Random(6, 8)], ("group", 8)));
        y = g.Add("Conv", [y, g.Random(3, 6, 4, 1, 1)], ("group", 2));
        g.Output(g.Add("Conv", g.Add("MaxPool", [y], ("kernel_shape", new[] { 2, 2 })), g.Random(4, 2, 6, 1, 1)));
        Graph graph = g.Build();
        Dictionary<string, Tensor> feeds = graph.Feeds();
        float[] before = graph.Interpret(feeds)[0].Span<float>().ToArray();
        Assert.IsGreaterThan(0, new ChannelEqualization().Apply(graph, folder.Calibrated(graph)).Changes);
        CollectionAssert.AreEqual(before, graph.Interpret(feeds)[0].Span<float>().ToArray());
    }

    private static double Sqnr(bool equalize)
    {
        using var folder = new TempFolder();
        Graph graph = Disparate();
        Dictionary<string, Tensor> feeds = graph.Feeds();
        Tensor exact = graph.Interpret(feeds)[0];
        PassContext context = folder.Calibrated(graph);
        if (equalize) new ChannelEqualization().Apply(graph, context);
        new Int8Quantization().Apply(graph, context);
        return QuantizeTesting.Sqnr(exact, graph.Interpret(feeds, fakeQuantize: true)[0]);
    }

    /// <summary>Channels that differ by up to 2^10 in magnitude, all of the same weight for the result.</summary>
    private static Graph Disparate()
    {
        var g = new TestGraph();
        Value w = Scaled(g, 1, [16, 3, 3, 3], out float[] factors);
        Tensor bias = TestGraph.RandomTensor(2, 16), second = TestGraph.RandomTensor(3, 4, 16, 1, 1);
        for (int c = 0; c < 16; c++) bias.Span<float>()[c] *= factors[c];
        for (int i = 0; i < second.Count; i++) second.Span<float>()[i] /= factors[i % 16];
        Value relu = g.Add("Relu", g.Add("Conv", g.Input("x", -1, 3, 8, 8), w, g.Constant(bias)));
        g.Output(g.Add("Conv", relu, g.Constant(second), g.Random(4, 4)));
        return g.Build();
    }

    private static Value Scaled(TestGraph g, int seed, int[] dims, out float[] factors)
    {
        Tensor weight = TestGraph.RandomTensor(seed, dims);
        int inner = weight.Count / dims[0];
        factors = [.. Enumerable.Range(0, dims[0]).Select(c => MathF.Pow(2, (c % 6 * 2) - 5))];
        for (int i = 0; i < weight.Count; i++) weight.Span<float>()[i] *= factors[i / inner];
        return g.Constant(weight);
    }
}
