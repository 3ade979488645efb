using ModelOpt.Compiler.Techniques.Quantize;
using ModelOpt.Compiler.Tests.Simplify;

namespace ModelOpt.Compiler.Tests.Techniques.Quantize;

[TestClass]
internal sealed class RequantizationTests
{
    [TestMethod]
    public void A_Sigmoid_keeps_its_grid_and_a_Concat_its_own()
    {
        Graph graph = SigmoidIntoConcat(reshaped: false);
        using var folder = new TempFolder();
        new Int8Quantization().Apply(graph, folder.Calibrated(graph));
        Assert.AreEqual("Conv Sigmoid Conv Identity Concat", graph.Types());
        Node concat = graph.Nodes[^1];
        Assert.AreEqual(Quantization.PerTensor(ElementType.Int8, 1f / 256, -128), graph.Nodes[1].Output.Quantization);
        Quantization shared = concat.Output.Quantization!;
        Assert.AreNotEqual(graph.Nodes[1].Output.Quantization, shared);
        Assert.IsTrue(concat.Inputs.All(i => i!.Quantization == shared));
        // The convolution reaches beyond 0…1, so its grid must.
        Assert.IsGreaterThan(1.5f, 255 * shared.Scale);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void The_artifacts_agree(bool reshaped) => SigmoidIntoConcat(reshaped).AssertArtifactsAgree();

    [TestMethod]
    public void The_prescribed_grid_is_seen_through_movers()
    {
        Graph graph = SigmoidIntoConcat(reshaped: true);
        Assert.AreEqual(1, Requantization.Insert(graph, _ => true).Count);
        Assert.AreEqual("Conv Sigmoid Transpose Conv Identity Concat", graph.Types());
    }

    [TestMethod]
    public void A_Concat_in_float_or_of_calibrated_values_stays()
    {
        Assert.AreEqual(0, Requantization.Insert(SigmoidIntoConcat(reshaped: false), n => n.Type != "Concat").Count);
        var g = new TestGraph();
        Value x = g.Input("x", -1, 2, 4, 4);
        g.Output(g.Add("Concat", [x, g.Add("Relu", x)], ("axis", 1)));
        Assert.AreEqual(0, Requantization.Insert(g.Build(), _ => true).Count);
    }

    [TestMethod]
    [DataRow(-1f, "Conv Sigmoid Identity Pad")]
    [DataRow(0.5f, "Conv Sigmoid Pad")]
    [DataRow(0f, "Conv Sigmoid Pad")]
    public void What_a_Pad_adds_is_on_its_grid(float added, string expected)
    {
        var g = new TestGraph();
        Value gate = g.Add("Sigmoid", g.Add("Conv", g.Input("x", -1, 3, 5, 5), g.Random(1, 4, 3, 1, 1)));
        Node pad = g.Node("Pad", [gate, g.Longs(0, 0, 1, 1, 0, 0, 1, 1), g.Scalar(added)], 1);
        g.Output(pad.Output);
        Graph graph = g.Build();
        using var folder = new TempFolder();
        new Int8Quantization().Apply(graph, folder.Calibrated(graph));
        Assert.AreEqual(expected, graph.Types());
        Quantization grid = pad.Output.Quantization!;
        Assert.AreEqual(added, QuantizationMath.Round(grid, 0, added), grid.Scale);
    }

    [TestMethod]
    public void A_Concat_of_a_gate_that_stays_in_float_is_float_too()
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 3, 5, 5), gate = g.Add("Sigmoid", x);
        g.Output(g.Add("Concat", [gate, g.Add("Exp", gate)], ("axis", 1)));
        g.Output(g.Add("Conv", x, g.Random(1, 4, 3, 1, 1)));
        Graph graph = g.Build();
        using var folder = new TempFolder();
        string sigmoid = graph.Nodes[0].Label;
        PassContext context = folder.Calibrated(graph) with { Recipe =
            new Recipe { Layers = [new LayerRule(sigmoid, QuantizationMode.None)] } };
        new Int8Quantization().Apply(graph, context);
        Assert.AreEqual("Sigmoid Exp Concat Conv", graph.Types());
    }

    [TestMethod]
    public void Concats_that_movers_join_have_grids_of_their_own_where_ranges_are_far_apart()
    {
        Graph graph = ConcatsInARow(10);
        using var folder = new TempFolder();
        new Int8Quantization().Apply(graph, folder.Calibrated(graph));
        Assert.AreEqual("Mul Concat Slice Mul Identity Concat", graph.Types());
        Quantization wide = graph.Nodes[1].Output.Quantization!, narrow = graph.Nodes[^1].Output.Quantization!;
        Assert.AreEqual(narrow, graph.Nodes[3].Output.Quantization);
        Assert.IsGreaterThan(5 * narrow.Scale, wide.Scale);
    }

    [TestMethod]
    [DataRow(10f)]
    [DataRow(1f)]
    public void Concats_in_a_row_agree_in_all_engines(float wide) => ConcatsInARow(wide).AssertArtifactsAgree();

    [TestMethod]
    public void Concats_that_movers_join_share_a_grid_where_ranges_are_near()
    {
        Graph graph = ConcatsInARow(1);
        using var folder = new TempFolder();
        new Int8Quantization().Apply(graph, folder.Calibrated(graph));
        Assert.AreEqual("Mul Concat Slice Mul Concat", graph.Types());
        Assert.AreEqual(1, graph.Nodes.Select(n => n.Output.Quantization).Distinct().Count());
    }

    /// <summary>
    /// A Concat of ranges 1 and <paramref name="wide"/>, of which the narrow part meets a fraction of itself in a second one.
    /// </summary>
    private static Graph ConcatsInARow(float wide)
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 2, 4, 4);
        Value both = g.Add("Concat", [x, g.Add("Mul", x, g.Scalar(wide))], ("axis", 1));
        Value part = g.Add("Slice", both, g.Longs(0), g.Longs(2), g.Longs(1));
        g.Output(g.Add("Concat", [g.Add("Mul", part, g.Scalar(0.0713f)), part], ("axis", 1)));
        return g.Build();
    }

    private static Graph SigmoidIntoConcat(bool reshaped)
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 3, 5, 5);
        Value gate = g.Add("Sigmoid", g.Add("Conv", x, g.Random(1, 4, 3, 1, 1)));
        if (reshaped) gate = g.Add("Transpose", [gate], ("perm", new[] { 0, 1, 3, 2 }));
        g.Output(g.Add("Concat", [gate, g.Add("Conv", x, g.Random(2, 4, 3, 1, 1))], ("axis", 1)));
        return g.Build();
    }
}
