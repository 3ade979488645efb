using ModelOpt.Compiler.Techniques.Channels;
using ModelOpt.Compiler.Tests.Simplify;

namespace ModelOpt.Compiler.Tests.Techniques.Channels;

[TestClass]
internal sealed class ChannelSlicingTests
{
    [TestMethod]
    [DataRow(0.3)]
    [DataRow(0.8)]
    public void Channels_of_zeros_leave_without_a_trace(double share)
    {
        Graph graph = EveryOperator();
        IReadOnlyList<RankedGroup> groups = ChannelScores.Rank(graph, ChannelGroups.Find(graph).Groups, ChannelScore.L2, null);
        ChannelUnit[] removed = [.. groups.SelectMany(g => g.Removable.Take((int)Math.Ceiling(share * g.Removable.Length)))];
        Assert.IsGreaterThan(5, removed.Length);
        foreach (ChannelUnit unit in removed) Clear(graph, unit);
        Compare(graph, removed, exact: true);
    }

    [TestMethod]
    public void Channels_of_numbers_do_leave_a_trace()
    {
        Graph graph = EveryOperator();
        Compare(graph, [ChannelGroups.Find(graph).Groups[0].Units[0]], exact: false);
    }

    [TestMethod]
    public void Grouped_layers_have_fewer_groups()
    {
        Graph graph = EveryOperator();
        ChannelGroup group = ChannelGroups.Find(graph).Groups.Single(g => g.Layers.Any(l => l.Int("group", 1) == 3));
        ChannelSlicing.Apply(graph, ChannelSlicing.Kept([group.Units[1]]));
        Node layer = graph.Nodes.Single(n => n.Int("group", 1) == 2);
        Assert.AreEqual(new Shape(8, 4, 1, 1), layer.Input(1).Shape);
        Assert.AreEqual(8, layer.Output.Shape![1].Size);
    }

    private static void Compare(Graph graph, ChannelUnit[] removed, bool exact)
    {
        Dictionary<string, Tensor> feeds = graph.Feeds();
        foreach (ref float x in feeds["x"].Span<float>()) x = MathF.Round(x * 3);
        Tensor before = graph.RunPeer(feeds, asWritten: true)[0];
        int weights = Weights(graph);
        string names = string.Join(' ', graph.Inputs.Concat(graph.Outputs));
        ChannelSlicing.Apply(graph, ChannelSlicing.Kept(removed));
        GraphVerifier.Verify(graph, "slicing");
        Assert.AreEqual(names, string.Join(' ', graph.Inputs.Concat(graph.Outputs)));
        Assert.IsLessThan(weights, Weights(graph));
        Tensor after = graph.RunPeer(feeds, asWritten: true)[0];
        Assert.AreEqual(exact, before.Bytes.Span.SequenceEqual(after.Bytes.Span));
        Assert.IsTrue(after.Bytes.Span.SequenceEqual(graph.Interpret(feeds)[0].Bytes.Span));
    }

    private static int Weights(Graph graph) => graph.Values.Where(v => v.IsConstant).Sum(v => v.Constant!.Count);

    /// <summary>Zeros whatever writes the unit's channels.</summary>
    private static void Clear(Graph graph, ChannelUnit unit)
    {
        foreach ((Value value, int channel) in unit.Channels)
        {
            if (value.Producer is not { Type: "Conv" or "Gemm" } layer) continue;
            for (int input = 1; input <= 2; input++)
            {
                Tensor tensor = layer.Input(input).Constant!;
                float[] values = tensor.Span<float>().ToArray();
                int row = values.Length / tensor.Dims[0];
                Array.Clear(values, channel * row, row);
                graph.ReplaceConstant(layer, input, Tensor.Of<float>(tensor.Dims, values));
            }
        }
    }

    /// <summary>Whole numbers throughout, below 2^24: sums are exact in any order.</summary>
    private static Graph EveryOperator()
    {
        var g = new TestGraph();
        int seed = 0;
        Value a = g.Add("Relu", Conv(g.Input("x", -1, 3, 8, 8), 8, 3, 3));
        Value b = Conv(g.Add("Relu", Conv(a, 8, 1, 3, ("group", 8))), 8, 8, 1);
        Value norm = g.Add("BatchNormalization", [g.Add("Add", a, b), Whole(8), Zeros(8), Zeros(8), g.Floats(1, 1, 1, 1, 1, 1, 1, 1)],
            ("epsilon", 0.0));
        Value scaled = g.Add("PRelu", g.Add("Mul", norm, Whole(8, 1, 1)), Whole(8, 1, 1));
        Value joined = g.Add("Concat", [scaled, Conv(a, 4, 8, 1)], ("axis", 1));
        Value grouped = g.Add("Relu", Conv(joined, 12, 4, 1, ("group", 3)));
        Value pooled = g.Add("MaxPool", [grouped], ("kernel_shape", new[] { 2, 2 }), ("strides", new[] { 2, 2 }));
        Value larger = g.Add("Resize", [pooled, null!, g.Floats(1, 1, 2, 2)], ("mode", "nearest"));
        Value strided = g.Add("ConvTranspose", [Conv(larger, 4, 12, 1), Whole(4, 6, 1, 1), Whole(6)], ("strides", new[] { 1, 1 }));
        Value smaller = g.Add("MaxPool", [strided], ("kernel_shape", new[] { 2, 2 }), ("strides", new[] { 2, 2 }));
        Node split = g.Node("Split", [Conv(smaller, 10, 6, 1), g.Longs(6, 4)], 2, ("axis", 1));
        Value piece = g.Add("Slice", split.Outputs[0], g.Longs(1), g.Longs(-1), g.Longs(1));
        Value flat = g.Add("Reshape", g.Add("Add", piece, split.Outputs[1]), g.Longs(-1, 64));
        Value hidden = g.Add("Relu", g.Add("Gemm", [flat, Whole(16, 64), Whole(16)], ("transB", 1)));
        g.Output(g.Add("Gemm", [hidden, Whole(5, 16), Whole(5)], ("transB", 1)));
        return g.Build();

        Value Conv(Value x, int outputs, int inputs, int size, params (string, object)[] attributes) => g.Add(
            "Conv", [x, Whole(outputs, inputs, size, size), Whole(outputs)],
            [.. attributes, ("pads", new[] { size / 2, size / 2, size / 2, size / 2 })]);

        Value Zeros(int count) => g.Constant(Tensor.Zeros(ElementType.Float32, [count]));

        // −1, 0 and 1, and more zeros in large layers, to stay below 2^24.
        Value Whole(params int[] dims)
        {
            Tensor tensor = TestGraph.RandomTensor(++seed, dims);
            foreach (ref float w in tensor.Span<float>()) w = MathF.Round(w * 0.9f);
            return g.Constant(tensor);
        }
    }
}
