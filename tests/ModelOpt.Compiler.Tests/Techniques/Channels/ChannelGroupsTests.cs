using ModelOpt.Compiler.Simplify;
using ModelOpt.Compiler.Techniques.Channels;

namespace ModelOpt.Compiler.Tests.Techniques.Channels;

[TestClass]
internal sealed class ChannelGroupsTests
{
    [TestMethod]
    public void A_residual_addition_ties_its_two_sides()
    {
        var g = new TestGraph();
        Value a = g.Add("Relu", g.Add("Conv", g.Input("x", -1, 3, 8, 8), g.Random(1, 8, 3, 1, 1)));
        Value b = g.Add("Conv", a, g.Random(2, 6, 8, 1, 1));
        Value c = g.Add("Conv", g.Add("Relu", b), g.Random(3, 8, 6, 1, 1));
        Expect("Conv, Conv_2: 8; Conv_1: 6", End(g, g.Add("Add", a, c)));
    }

    [TestMethod]
    public void A_concatenation_keeps_its_parts_apart()
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 3, 8, 8);
        Value both = g.Add("Concat", [g.Add("Conv", x, g.Random(1, 4, 3, 1, 1)), g.Add("Conv", x, g.Random(2, 6, 3, 1, 1))], ("axis", 1));
        Expect("Conv: 4; Conv_1: 6", End(g, both));
    }

    [TestMethod]
    public void An_addition_to_a_concatenation_ties_all_of_it()
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 3, 8, 8);
        Value both = g.Add("Concat", [g.Add("Conv", x, g.Random(1, 4, 3, 1, 1)), g.Add("Conv", x, g.Random(2, 6, 3, 1, 1))], ("axis", 1));
        Expect("Conv, Conv_1, Conv_2: 10", End(g, g.Add("Add", both, g.Add("Conv", x, g.Random(3, 10, 3, 1, 1)))));
    }

    [TestMethod]
    public void A_depthwise_layer_passes_channels_on()
    {
        var g = new TestGraph();
        Value a = g.Add("Conv", g.Input("x", -1, 3, 8, 8), g.Random(1, 8, 3, 1, 1));
        Expect("Conv, Conv_1: 8", End(g, g.Add("Conv", [a, g.Random(2, 16, 1, 3, 3)], ("group", 8))));
    }

    [TestMethod]
    public void A_grouped_layer_loses_whole_groups()
    {
        var g = new TestGraph();
        Value a = g.Add("Conv", g.Input("x", -1, 3, 8, 8), g.Random(1, 8, 3, 1, 1));
        Expect("Conv, Conv_1: 4", End(g, g.Add("Conv", [a, g.Random(2, 12, 2, 3, 3)], ("group", 4))));
    }

    [TestMethod]
    [DataRow("Flatten")]
    [DataRow("Reshape")]
    public void Flattening_gives_each_channel_a_range(string type)
    {
        var g = new TestGraph();
        Value a = g.Add("Conv", g.Input("x", -1, 3, 4, 4), g.Random(1, 5, 3, 1, 1));
        Value flat = type == "Flatten" ? g.Add("Flatten", a) : g.Add("Reshape", a, g.Longs(-1, 80));
        g.Output(g.Add("Gemm", [flat, g.Random(2, 7, 80)], ("transB", 1)));
        ChannelGroup group = Find(g.Build(), out _).Single();
        Assert.AreEqual("Conv: 5", Describe(group));
        CollectionAssert.AreEqual(
            Enumerable.Range(32, 16).ToArray(), group.Units[2].Channels.Where(c => c.Value == flat).Select(c => c.Channel).ToArray());
    }

    [TestMethod]
    public void Splits_and_slices_follow_their_ranges()
    {
        var g = new TestGraph();
        Value a = g.Add("Conv", g.Input("x", -1, 3, 8, 8), g.Random(1, 8, 3, 1, 1));
        Node split = g.Node("Split", [a, g.Longs(6, 2)], 2, ("axis", 1));
        Value sliced = g.Add("Slice", split.Outputs[0], g.Longs(4), g.Longs(6), g.Longs(1));
        Graph graph = End(g, g.Add("Mul", sliced, split.Outputs[1]));
        // The last two of the first six are multiplied by the two behind these.
        Expect("Conv: 6", graph);
        ChannelUnit unit = Find(graph, out _).Single().Units[4];
        CollectionAssert.AreEqual(new[] { 4, 6 }, unit.Channels.Where(c => c.Value == a).Select(c => c.Channel).ToArray());
    }

    [TestMethod]
    public void Whatever_mixes_or_moves_space_only_is_followed()
    {
        var g = new TestGraph();
        Value a = g.Add("Conv", g.Input("x", -1, 3, 4, 4), g.Random(1, 8, 3, 1, 1));
        Value b = g.Add("Softmax", [g.Add("Resize", a, null!, g.Floats(1, 1, 2, 2))], ("axis", 3));
        Value c = g.Add("Conv", g.Add("Transpose", [b], ("perm", new[] { 0, 1, 3, 2 })), g.Random(2, 6, 8, 1, 1));
        Value d = g.Add("Mul", c, g.Add("ReduceSum", c, g.Longs(2, 3)));
        Expect("Conv: 8; Conv_1: 6", End(g, g.Add("ConvTranspose", d, g.Random(3, 6, 5, 2, 2))));
    }

    [TestMethod]
    public void What_is_not_followed_says_why()
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 4, 8, 8);
        Value a = g.Add("Softmax", [g.Add("Conv", x, g.Random(1, 4, 4, 1, 1))], ("axis", 1));
        Value b = g.Add("Add", x, g.Add("Conv", a, g.Random(2, 4, 4, 1, 1)));
        Value c = g.Add("Transpose", [g.Add("Conv", b, g.Random(3, 4, 4, 1, 1))], ("perm", new[] { 0, 2, 3, 1 }));
        g.Output(g.Add("Transpose", [c], ("perm", new[] { 0, 3, 1, 2 })));
        g.Output(g.Add("Conv", b, g.Random(4, 4, 4, 1, 1)));
        Assert.IsEmpty(Find(g.Build(), out IReadOnlyList<PassNote> notes));
        CollectionAssert.AreEqual(
            new[]
            {
                "Conv: Softmax (Softmax) does not keep channels apart", "Conv_1: its channels are those of the model's input 'x'",
                "Conv_2: Transpose (Transpose) moves the channels to another axis",
                "Conv_3: its channels are those of the model's output 'Conv_3_out'",
            },
            notes.Select(n => n.ToString()).ToArray());
    }

    /// <summary>Ends a graph with a layer whose outputs are the model's.</summary>
    private static Graph End(TestGraph g, Value value)
    {
        g.Output(value);
        Graph graph = g.Build();
        graph.Outputs.Clear();
        int channels = (int)value.Shape![1].Size;
        Value result = graph.Add(new Node(
            "Conv", "End", [value, graph.AddConstant("end", TestGraph.RandomTensor(9, 3, channels, 1, 1))], [new Value("result")])).Output;
        graph.Outputs.Add(result);
        ShapeInference.Run(graph);
        GraphVerifier.Verify(graph, "test");
        return graph;
    }

    private static void Expect(string groups, Graph graph) =>
        Assert.AreEqual(groups, string.Join("; ", Find(graph, out _).Select(Describe)));

    private static IReadOnlyList<ChannelGroup> Find(Graph graph, out IReadOnlyList<PassNote> notes)
    {
        (IReadOnlyList<ChannelGroup> groups, notes) = ChannelGroups.Find(graph);
        return groups;
    }

    private static string Describe(ChannelGroup group) => $"{string.Join(", ", group.Layers.Select(l => l.Name))}: {group.Units.Count}";
}
