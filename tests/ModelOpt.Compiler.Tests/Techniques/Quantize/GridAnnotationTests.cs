using ModelOpt.Compiler.Techniques.Quantize;
using ModelOpt.Compiler.Tests.Simplify;

namespace ModelOpt.Compiler.Tests.Techniques.Quantize;

[TestClass]
internal sealed class GridAnnotationTests
{
    [TestMethod]
    public void A_bias_has_the_scale_of_the_products()
    {
        var g = new TestGraph();
        g.Output(g.Add("Conv", g.Input("x", -1, 3, 5, 5), g.Random(1, 4, 3, 3, 3), g.Random(2, 4)));
        Node layer = Annotate(g.Build()).Nodes[0];
        Quantization input = layer.Input(0).Quantization!, weight = layer.Input(1).Quantization!, bias = layer.Input(2).Quantization!;
        Assert.AreEqual(new ValueRange(-1, 1).ToQuantization(), input);
        CollectionAssert.AreEqual(weight.Scales.Select(s => input.Scale * s).ToArray(), bias.Scales.ToArray());
        Assert.IsTrue(bias.ZeroPoints.All(z => z == 0));
    }

    [TestMethod]
    public void A_huge_bias_widens_the_weights_scale_so_that_sums_fit_int32()
    {
        var g = new TestGraph();
        Value bias = g.Floats(1f, 3e7f, -4e9f, 0f);
        Tensor weight = TestGraph.RandomTensor(1, 4, 3, 3, 3);
        g.Output(g.Add("Conv", g.Input("x", -1, 3, 5, 5), g.Constant(weight), bias));
        Node layer = Annotate(g.Build()).Nodes[0];
        Quantization plain = WeightGrid.Symmetric(weight, 0), scales = layer.Input(1).Quantization!;
        Assert.AreEqual(plain.Scales[0], scales.Scales[0]);
        Assert.AreEqual(plain.Scales[3], scales.Scales[3]);
        Assert.IsGreaterThan(10 * plain.Scales[2], scales.Scales[2]);
        ReadOnlySpan<int> steps = layer.Input(2).Quantization!.Quantize(layer.Input(2).Constant!).Span<int>();
        ReadOnlySpan<float> kept = layer.Input(2).Constant!.Span<float>();
        for (int c = 0; c < 4; c++)
        {
            // 27 products of at most 255 · 127 come on top.
            Assert.IsLessThan(int.MaxValue, Math.Abs((long)steps[c]) + (27L * 255 * 127));
            Assert.AreEqual(new[] { 1f, 3e7f, -4e9f, 0f }[c], kept[c], 1e-3f + (MathF.Abs(kept[c]) * 1e-6f));
        }
    }

    [TestMethod]
    [DataRow(0f)]
    [DataRow(1e-42f)]
    public void A_channel_without_weights_keeps_its_bias(float rest)
    {
        var g = new TestGraph();
        Tensor weight = TestGraph.RandomTensor(1, 4, 3, 3, 3);
        weight.Span<float>()[27..54].Fill(rest);
        g.Output(g.Add("Conv", g.Input("x", -1, 3, 5, 5), g.Constant(weight), g.Floats(0.1f, 0.34f, -0.2f, 0.3f)));
        Graph graph = g.Build();
        graph.AssertArtifactsAgree();
        Node layer = Annotate(graph, v => v.Producer is null ? new(0, 25.5f) : new(-1, 1)).Nodes[0];
        Assert.AreEqual(0.34f, layer.Input(2).Constant!.Span<float>()[1], 1e-6f);
        Assert.IsTrue(layer.Input(2).Quantization!.Scales.All(float.IsNormal));
    }

    [TestMethod]
    public void A_layer_that_reads_nothing_but_zeros_keeps_its_bias()
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 3, 5, 5);
        g.Output(g.Add("Conv", g.Add("Sub", x, x), g.Random(1, 4, 3, 3, 3), g.Floats(0.011f, 0.002f, -0.017f, 0.02f)));
        Graph graph = g.Build();
        graph.AssertArtifactsAgree();
        Annotate(graph, v => v.Producer is null ? new(-1, 1) : v.Producer.Type == "Sub" ? new(0, 0) : new(-0.02f, 0.02f));
        Node layer = graph.Nodes[1];
        float step = layer.Output.Quantization!.Scale;
        CollectionAssert.AreEqual(new[] { 0.011f, 0.002f, -0.017f, 0.02f }, layer.Input(2).Constant!.Span<float>().ToArray(),
            Comparer<float>.Create((a, b) => MathF.Abs(a - b) < step / 10 ? 0 : a.CompareTo(b)));
    }

    [TestMethod]
    public void A_weight_shared_by_two_layers_gets_one_grid_and_a_shared_bias_two()
    {
        var g = new TestGraph();
        Value w = g.Random(1, 4, 4, 1, 1), b = g.Random(2, 4);
        g.Output(g.Add("Conv", g.Add("Conv", g.Input("x", -1, 4, 5, 5), w, b), w, b));
        Graph graph = g.Build();
        Annotate(graph, v => v.Producer is null ? new(-1, 1) : new(-3, 5));
        (Node first, Node second) = (graph.Nodes[0], graph.Nodes[1]);
        Assert.AreSame(first.Input(1), second.Input(1));
        Assert.AreNotSame(first.Input(2), second.Input(2));
        Assert.AreNotEqual(first.Input(2).Quantization, second.Input(2).Quantization);
        Assert.AreEqual(second.Input(0).Quantization!.Scale * second.Input(1).Quantization!.Scales[0],
            second.Input(2).Quantization!.Scales[0]);
    }

    [TestMethod]
    public void A_group_takes_the_union_of_its_ranges_and_constants_its_grid()
    {
        Tensor constant = Tensor.Zeros(ElementType.Float32, [1, 1, 4, 4]);
        constant.Span<float>().Fill(0.7f);
        var g = new TestGraph();
        Value input = g.Input("x", 1, 2, 4, 4);
        g.Output(g.Add("Concat", [input, g.Add("Relu", input), g.Constant(constant)], ("axis", 1)));
        Graph built = g.Build();
        Annotate(built, v => v == input ? new(-2, 1) : new(0, 3));
        Node concat = built.Nodes[^1];
        Quantization shared = new ValueRange(-2, 3).ToQuantization();
        Assert.IsTrue(concat.Inputs.Append(concat.Output).All(v => v!.Quantization == shared));
        Assert.AreEqual(0.7f, concat.Input(2).Constant!.Span<float>()[0], shared.Scale / 2);
    }

    [TestMethod]
    public void Prescribed_grids_need_no_range()
    {
        var g = new TestGraph();
        Value y = g.Add("Sigmoid", g.Input("x", -1, 2, 4, 4));
        g.Output(g.Add("Tanh", g.Add("Transpose", [y], ("perm", new[] { 0, 2, 3, 1 }))));
        Graph graph = Annotate(g.Build(), v => v.Producer is null ? new(-1, 1) : throw new AssertFailedException(v.Name));
        Assert.AreEqual(Quantization.PerTensor(ElementType.Int8, 1f / 256, -128), graph.Nodes[1].Output.Quantization);
        Assert.AreEqual(Quantization.PerTensor(ElementType.Int8, 1f / 128, 0), graph.Nodes[2].Output.Quantization);
    }

    private static Graph Annotate(Graph graph, Func<Value, ValueRange>? ranges = null)
    {
        GridAnnotation.Apply(graph, graph.Scheme(), ranges ?? (_ => new(-1, 1)));
        GraphVerifier.Verify(graph, "annotation");
        return graph;
    }
}
