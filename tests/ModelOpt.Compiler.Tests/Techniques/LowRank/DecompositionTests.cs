using ModelOpt.Compiler.Operators.Convolution;
using ModelOpt.Compiler.Operators.MatrixProducts;
using ModelOpt.Compiler.Operators.Movement;
using ModelOpt.Compiler.Simplify;
using ModelOpt.Compiler.Techniques.LowRank;
using ModelOpt.Compiler.Tests.Data;
using ModelOpt.Compiler.Tests.Simplify;
using ModelOpt.Compiler.Tests.Techniques.Quantize;

namespace ModelOpt.Compiler.Tests.Techniques.LowRank;

[TestClass]
internal sealed class DecompositionTests
{
    [TestMethod]
    [DataRow(0.3)]
    [DataRow(0.5)]
    [DataRow(0.7)]
    public void The_target_is_met_and_data_loses_less_than_plain_SVD(double share)
    {
        using TempFolder folder = new();
        Graph reference = Network();
        (Graph byData, _) = Decomposed(folder, share);
        (Graph plain, _) = Decomposed(folder, share, calibrated: false);
        foreach (Graph graph in new[] { byData, plain })
            Assert.AreEqual(1 - share, (double)Macs(graph) / Macs(reference), 0.02);
        Assert.IsTrue(Loss(byData, reference) < Loss(plain, reference), $"{Loss(byData, reference)} against {Loss(plain, reference)}");
    }

    [TestMethod]
    public void Factors_have_names_of_their_layer_and_its_options_and_keep_the_name_of_the_output()
    {
        using TempFolder folder = new();
        Recipe recipe = new() { Layers = [new LayerRule("Conv_1", QuantizationMode.None) { Decomposition = 0.5 }] };
        (Graph graph, PassContext context) = Decomposed(folder, null, recipe);
        Node[] factors = [.. graph.Nodes.Where(n => n.PartOf == "Conv_1")];
        Assert.IsTrue(factors.Length >= 2);
        Assert.AreEqual("Conv_1_out", factors[^1].Output.Name);
        for (int i = 0; i < factors.Length; i++)
        {
            Assert.AreEqual($"Conv_1/{i}", factors[i].Label);
            Assert.AreEqual(QuantizationMode.None, context.QuantizationOf(factors[i]));
            Assert.AreEqual(QuantizationMode.None, context.QuantizationOf(graph.Clone().Nodes.First(n => n.Label == factors[i].Label)));
        }

        // Only this layer was asked for; the others have their weights still.
        Assert.IsFalse(graph.Nodes.Any(n => n.PartOf is not null and not "Conv_1"));
        Assert.AreEqual(QuantizationMode.Int8, context.QuantizationOf(graph.Nodes.First(n => n.Label == "Conv_2")));
    }

    [TestMethod]
    public void What_cannot_be_decomposed_or_must_not_be_stays_and_says_why()
    {
        using TempFolder folder = new();
        var g = new TestGraph();
        Value x = g.Add("Conv", g.Input("x", -1, 8, 8, 8), g.Random(1, 16, 8, 3, 3));
        Value y = g.Add("Conv", [x, g.Random(2, 16, 1, 3, 3)], ("group", 16));
        g.Output(g.Add("Conv", g.Add("Conv", g.Add("Conv", y, g.Random(3, 16, 16, 1, 1)), g.Random(4, 2, 16, 1, 1)),
            g.Random(5, 2, 2, 1, 1)));
        Graph graph = g.Build();
        Recipe recipe = new() { Decomposition = 0.3, Layers = [new LayerRule("Conv_2") { Decomposition = 0 }] };
        PassContext context = folder.Calibrated(graph, recipe: recipe);
        context.Reference = graph.Clone();
        Tensor kept = graph.Nodes[2].Input(1).Constant!;
        PassResult result = new Decomposition().Apply(graph, context);
        CollectionAssert.Contains(result.Notes.ToArray(), new PassNote("Conv_1", "it is grouped"));
        CollectionAssert.Contains(result.Notes.ToArray(), new PassNote("Conv_2", "the recipe keeps it whole"));
        CollectionAssert.Contains(result.Notes.ToArray(), new PassNote("Conv_4", "no factors would be cheaper"));
        Assert.AreSame(kept, graph.Nodes.First(n => n.Label == "Conv_2").Input(1).Constant);
    }

    [TestMethod]
    public void A_target_out_of_reach_is_an_error_that_names_the_nearest()
    {
        using TempFolder folder = new();
        string text = DataTesting.DiagnosticOf(() => Decomposed(folder, 0.999));
        StringAssert.StartsWith(text, "MOPT4401: Decomposition: 99.9 % of the multiply-accumulates cannot be removed; at most 9");
        Recipe recipe = new() { Layers = [new LayerRule("Conv_1") { Decomposition = 0.999 }] };
        StringAssert.StartsWith(DataTesting.DiagnosticOf(() => Decomposed(folder, null, recipe)), "MOPT4401: Conv_1: ");
    }

    [TestMethod]
    public void Without_data_the_weights_alone_decide_and_a_warning_says_so()
    {
        Graph graph = Network();
        DiagnosticList diagnostics = new();
        PassContext context = new(new CompileOptions { Decomposition = 0.5 }, new Recipe(), diagnostics) { Reference = graph.Clone() };
        Assert.IsTrue(new Decomposition().Apply(graph, context).Changes > 0);
        Assert.AreEqual("MOPT4402", diagnostics.Diagnostics.Single().Descriptor.Code);
    }

    [TestMethod]
    public void Ranks_by_noise_need_no_target_and_find_planted_ones()
    {
        var g = new TestGraph();
        Tensor left = TestGraph.RandomTensor(1, 64, 4), right = TestGraph.RandomTensor(2, 4, 48), noise = TestGraph.RandomTensor(3, 64, 48);
        float[] weight = noise.Span<float>().ToArray();
        for (int i = 0; i < weight.Length; i++)
        {
            weight[i] *= 0.05f;
            for (int r = 0; r < 4; r++) weight[i] += left.Span<float>()[(i / 48 * 4) + r] * right.Span<float>()[(r * 48) + (i % 48)];
        }

        g.Output(g.Add("Gemm", [g.Input("x", -1, 48), g.Constant(Tensor.Of<float>([64, 48], weight))], ("transB", 1)));
        Graph graph = g.Build();
        PassContext context = new(new CompileOptions { RankSelection = RankSelection.Evbmf }, new Recipe(),
            new DiagnosticList()) { Reference = graph.Clone() };
        Assert.AreEqual(1, new Decomposition().Apply(graph, context).Changes);
        Assert.AreEqual(new Shape(4, 48), graph.Nodes[0].Input(1).Shape);
    }

    [TestMethod]
    public void The_share_of_a_layer_that_a_rank_meets_exactly_finds_that_rank()
    {
        // (1 - 0.8) · 48 · 240 is 2303.9999999999995 in floating point, and 8 · (48 + 240) is 2304.
        var g = new TestGraph();
        float[] left = TestGraph.RandomTensor(1, 48, 8).Span<float>().ToArray(),
            right = TestGraph.RandomTensor(2, 8, 240).Span<float>().ToArray();
        float[] weight = [.. Enumerable.Range(0, 48 * 240)
            .Select(i => Enumerable.Range(0, 8).Sum(r => left[(i / 240 * 8) + r] * right[(r * 240) + (i % 240)]))];
        g.Output(g.Add("Gemm", [g.Input("x", -1, 240), g.Constant(Tensor.Of<float>([48, 240], weight))], ("transB", 1)));
        Graph graph = g.Build();
        Recipe recipe = new() { Layers = [new LayerRule("Gemm") { Decomposition = 0.8 }] };
        PassContext context = new(new CompileOptions(), recipe, new DiagnosticList()) { Reference = graph.Clone() };
        Assert.AreEqual(1, new Decomposition().Apply(graph, context).Changes);
        Assert.AreEqual(new Shape(8, 240), graph.Nodes[0].Input(1).Shape);
    }

    [TestMethod]
    public void The_same_inputs_give_the_same_weights()
    {
        using TempFolder folder = new();
        string[] once = Weights(Decomposed(folder, 0.5).Graph), again = Weights(Decomposed(folder, 0.5).Graph);
        CollectionAssert.AreEqual(once, again);

        static string[] Weights(Graph graph) =>
            [.. graph.Values.Where(v => v.IsConstant).Select(v => v.Name + Convert.ToHexString(v.Constant!.Bytes.Span))];
    }

    /// <summary>Three convolutions and a dense layer whose weights, like trained ones, favour few directions.</summary>
    private static Graph Network()
    {
        var g = new TestGraph();
        Value x = g.Add("Relu", g.Add(
            "Conv", [g.Input("x", -1, 3, 8, 8), g.Random(1, 24, 3, 3, 3), g.Random(2, 24)], ("pads", new[] { 1, 1, 1, 1 })));
        x = g.Add("Relu", g.Add("Conv", [x, g.Random(3, 24, 24, 3, 3), g.Random(4, 24)], ("pads", new[] { 1, 1, 1, 1 })));
        x = g.Add("Relu", g.Add("Conv", [x, g.Random(5, 32, 24, 3, 3), g.Random(6, 32)], ("strides", new[] { 2, 2 })));
        x = g.Add("Flatten", x);
        g.Output(g.Add("Gemm", [x, g.Random(7, 10, 288), g.Random(8, 10)], ("transB", 1)));
        return g.Build();
    }

    private static (Graph Graph, PassContext Context) Decomposed(
        TempFolder folder, double? share, Recipe? recipe = null, bool calibrated = true)
    {
        Graph graph = Network();
        PassContext context = folder.Calibrated(graph, recipe: recipe);
        CompileOptions options = context.Options with { Decomposition = share };
        if (!calibrated) options = options with { CalibrationData = [] };
        context = new PassContext(options, context.Recipe, context.Diagnostics) { Reference = graph.Clone() };
        new Decomposition().Apply(graph, context);
        ShapeInference.Run(graph);
        GraphVerifier.Verify(graph, "decomposition");
        return (graph, context);
    }

    private static long Macs(Graph graph) => graph.Nodes.Sum(n => Operator.Of(n).Macs(n));

    /// <summary>The mean squared change of the output on inputs that were not calibrated with.</summary>
    private static double Loss(Graph graph, Graph reference)
    {
        double sum = 0;
        for (int seed = 1; seed <= 8; seed++)
        {
            Dictionary<string, Tensor> feeds = reference.Feeds(seed);
            float[] x = graph.RunPeer(feeds)[0].Span<float>().ToArray(), y = reference.RunPeer(feeds)[0].Span<float>().ToArray();
            sum += x.Zip(y, (a, b) => (double)(a - b) * (a - b)).Sum();
        }

        return sum;
    }
}
