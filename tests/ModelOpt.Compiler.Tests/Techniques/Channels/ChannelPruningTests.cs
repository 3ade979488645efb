using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Operators.Convolution;
using ModelOpt.Compiler.Operators.MatrixProducts;
using ModelOpt.Compiler.Operators.Movement;
using ModelOpt.Compiler.Operators.Pooling;
using ModelOpt.Compiler.Techniques.Channels;
using ModelOpt.Compiler.Tests.Simplify;
using ModelOpt.Compiler.Tests.Techniques.Quantize;

namespace ModelOpt.Compiler.Tests.Techniques.Channels;

[TestClass]
internal sealed class ChannelPruningTests
{
    [TestMethod]
    [DataRow(0.07)]
    [DataRow(0.18)]
    [DataRow(0.33)]
    [DataRow(0.5)]
    [DataRow(0.71)]
    public void The_share_of_macs_asked_for_is_removed(double share)
    {
        Graph graph = QuantizeTesting.Sample();
        long before = Macs(graph);
        Prune(graph, new CompileOptions { ChannelPruning = share }, calibrated: false);
        Assert.AreEqual(share, 1 - ((double)Macs(graph) / before), 0.02);
    }

    [TestMethod]
    [DataRow(ChannelScore.Activation)]
    [DataRow(ChannelScore.L1)]
    [DataRow(ChannelScore.L2)]
    [DataRow(ChannelScore.Fpgm)]
    [DataRow(ChannelScore.BatchNormScale)]
    public void The_share_of_bytes_asked_for_is_removed_by_every_score(ChannelScore score)
    {
        Graph graph = QuantizeTesting.Sample();
        long before = Weights(graph);
        Prune(graph, new CompileOptions { ChannelPruning = 0.4, ChannelPruningTarget = ChannelPruningTarget.Bytes, ChannelScore = score });
        Assert.AreEqual(0.4, 1 - ((double)Weights(graph) / before), 0.02);
    }

    [TestMethod]
    public void Least_squares_loses_less_than_half_of_what_slicing_loses()
    {
        double sliced = Error(calibrated: false), fitted = Error(calibrated: true);
        Assert.IsGreaterThan(0.01, sliced, "nothing was lost");
        Assert.IsLessThan(sliced / 2, fitted);

        static double Error(bool calibrated)
        {
            Graph exact = QuantizeTesting.Sample(), graph = QuantizeTesting.Sample();
            Prune(graph, new CompileOptions { ChannelPruning = 0.3, CalibrationSamples = 64 }, calibrated);
            return QuantizeTesting.Images(32).Sum(image =>
            {
                double noise = Math.Pow(10, -QuantizeTesting.Sqnr(Run(exact, image), Run(graph, image)) / 10);
                return noise / 32;
            });
        }

        static Tensor Run(Graph graph, Tensor image) =>
            graph.Interpret(new Dictionary<string, Tensor> { [graph.Inputs[0].Name] = image })[0];
    }

    [TestMethod]
    public void The_compiled_model_is_smaller_and_runs_the_same_everywhere()
    {
        var diagnostics = new DiagnosticList();
        CompiledModel model = Compile(0.3), whole = Compile(null);
        Assert.IsLessThan(whole.Tflite.Length * 0.9, model.Tflite.Length);
        Assert.AreEqual("MOPT4306", diagnostics.Diagnostics.Single(d => d.Descriptor.Code[4] == '4').Descriptor.Code);
        foreach (Tensor image in QuantizeTesting.Images(4))
            QuantizeTesting.AssertAgree(model, OnnxReader.Read(model.Onnx).Inputs[0].Name, image);

        CompiledModel Compile(double? share) =>
            ModelCompiler.Compile(QuantizeTesting.SampleModel, QuantizeTesting.SampleOptions with { ChannelPruning = share }, diagnostics);
    }

    [TestMethod]
    public void Twice_the_same_gives_the_same_bytes()
    {
        byte[] first = Once();
        CollectionAssert.AreEqual(first, Once());

        static byte[] Once()
        {
            Graph graph = QuantizeTesting.Sample();
            Prune(graph, new CompileOptions { ChannelPruning = 0.3 });
            return OnnxWriter.Write(graph);
        }
    }

    [TestMethod]
    public void An_impossible_target_names_the_nearest_possible_one()
    {
        Recipe recipe = new() { Layers = [new LayerRule("Conv_1") { ChannelPruning = 0 }] };
        Diagnostic diagnostic = Assert.ThrowsExactly<CompilationException>(
            () => Prune(Small(), new CompileOptions { ChannelPruning = 0.999 }, calibrated: false, recipe: recipe)).Diagnostic;
        Assert.AreEqual("MOPT4301", diagnostic.Descriptor.Code);
        double nearest = double.Parse(
            diagnostic.Message.Split("value is ")[1].TrimEnd('.'), System.Globalization.CultureInfo.InvariantCulture);
        Assert.IsLessThan(0.97, nearest);
        Prune(Small(), new CompileOptions { ChannelPruning = nearest }, calibrated: false, recipe: recipe);
    }

    [TestMethod]
    [DataRow(0.3, 0.3)]
    [DataRow(0.02, 0.02)]
    [DataRow(0.9, 0.63)]
    public void A_latency_is_met_whatever_multiply_accumulates_that_takes_or_the_nearest_is_told(double target, double expected)
    {
        // A machine on which 90 % of the multiply-accumulates are 63 % of the time, and the first of them the dearest.
        (int[] counts, double saved) = ChannelLatency.Search(
            share => [(int)(share * 1000)], 0.9, target, counts => 0.7 * (1 - Math.Pow(1 - (counts[0] / 900.0), 3)) * 0.9);
        Assert.AreEqual(expected, saved, 0.005);
        Assert.AreEqual(saved, 0.63 * (1 - Math.Pow(1 - (counts[0] / 900.0), 3)), 1e-9, "what is told is what was chosen");
    }

    [TestMethod]
    public void Latency_is_measured()
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 3, 24, 24);
        for (int i = 0; i < 3; i++)
            x = g.Add("Relu", g.Add("Conv", [x, g.Random(i, 96, i == 0 ? 3 : 96, 3, 3), g.Random(i + 10, 96)],
                ("pads", new[] { 1, 1, 1, 1 })));
        g.Output(g.Add("Gemm", [g.Add("Flatten", g.Add("GlobalAveragePool", x)), g.Random(7, 10, 96)], ("transB", 1)));
        Graph graph = g.Build();
        IReadOnlyList<RankedGroup> ranked = ChannelScores.Rank(graph, ChannelGroups.Find(graph).Groups, ChannelScore.L2, null);
        ChannelBudget budget = new(
            [.. ranked.Select(r => Enumerable.Range(0, r.Removable.Length + 1).ToArray())], [.. ranked.Select(ChannelSensitivity.ByScores)],
            new ChannelCosts(graph, ranked, ChannelPruningTarget.Latency).Saved);
        (int[] counts, double saved) = new ChannelLatency(graph, ranked, default).Choose(budget, 0.999999);
        // What remains is a hundredth of the work: on any machine that takes less than half of the time, and never none.
        CollectionAssert.AreEqual(ranked.Select(r => r.Removable.Length).ToArray(), counts);
        Assert.IsGreaterThan(0.5, saved);
        Assert.IsLessThan(1, saved);
    }

    [TestMethod]
    public void A_multiple_that_is_asked_for_is_kept()
    {
        Graph graph = QuantizeTesting.Sample();
        Dictionary<string, long> before = graph.Nodes.ToDictionary(n => n.Label, Channels);
        Prune(graph, new CompileOptions { ChannelPruning = 0.3, ChannelMultiple = 4 });
        Node[] changed = [.. graph.Nodes.Where(n => n.Type == "Conv" && Channels(n) != before[n.Label])];
        Assert.IsGreaterThan(5, changed.Length);
        foreach (Node node in changed) Assert.AreEqual(0, Channels(node) % 4, node.Label);

        static long Channels(Node node) => node.Output.Shape![1].Size;
    }

    [TestMethod]
    public void A_rule_keeps_a_layer_or_says_exactly_how_much_goes()
    {
        Graph graph = Small();
        Recipe recipe = new() { Layers = [new LayerRule("Conv") { ChannelPruning = 0.5 }, new LayerRule("Conv_1") { ChannelPruning = 0 }] };
        Prune(graph, new CompileOptions { ChannelPruning = 0.5 }, calibrated: false, recipe: recipe);
        Assert.AreEqual("16 32", string.Join(' ', graph.Nodes.Where(n => n.Type == "Conv").Take(2).Select(n => n.Output.Shape![1])));
    }

    [TestMethod]
    public void A_rule_alone_changes_its_layer_alone()
    {
        Graph graph = Small();
        Prune(graph, new CompileOptions(), calibrated: false,
            recipe: new() { Layers = [new LayerRule("Conv_1") { ChannelPruning = 0.25 }] });
        Assert.AreEqual("32 24 32 10",
            string.Join(' ', graph.Nodes.Where(n => n.Type is "Conv" or "Gemm").Select(n => n.Output.Shape![1])));
    }

    [TestMethod]
    public void A_rule_for_a_layer_that_cannot_change_is_a_warning()
    {
        DiagnosticList diagnostics = Prune(
            Small(), new CompileOptions(), calibrated: false, recipe: new() { Layers = [new LayerRule("Gemm") { ChannelPruning = 0.5 }] });
        Diagnostic warning = diagnostics.Diagnostics.Single(d => d.Descriptor.Code == "MOPT4303");
        Assert.AreEqual("Gemm", warning.Layer);
        StringAssert.Contains(warning.Message, "model's output");
    }

    [TestMethod]
    public void Nothing_asked_for_changes_nothing()
    {
        Assert.IsEmpty(Prune(Small(), new CompileOptions(), calibrated: false).Diagnostics);
    }

    private static long Macs(Graph graph) => graph.Nodes.Sum(n => Operator.Of(n).Macs(n));

    private static long Weights(Graph graph) =>
        graph.Values.Where(v => v.Constant?.Type == ElementType.Float32).Sum(v => (long)v.Constant!.Count);

    private static DiagnosticList Prune(
        Graph graph, CompileOptions options, bool calibrated = true, Recipe? recipe = null)
    {
        CompileOptions sample = QuantizeTesting.SampleOptions;
        options = !calibrated ? options : options with
        {
            CalibrationData = sample.CalibrationData, CalibrationSamples = Math.Min(options.CalibrationSamples, 64),
            InputMean = sample.InputMean, InputStd = sample.InputStd,
        };
        var diagnostics = new DiagnosticList();
        PassContext context = new(options, recipe ?? new Recipe(), diagnostics) { Reference = graph.Clone() };
        new ChannelPruning().Apply(graph, context);
        GraphVerifier.Verify(graph, nameof(ChannelPruning));
        return diagnostics;
    }

    private static Graph Small()
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 3, 8, 8);
        for (int i = 0; i < 3; i++) x = g.Add("Relu", g.Add("Conv", x, g.Random(i, 32, i == 0 ? 3 : 32, 1, 1), g.Random(i + 10, 32)));
        g.Output(g.Add("Gemm", [g.Add("Flatten", g.Add("GlobalAveragePool", x)), g.Random(7, 10, 32)], ("transB", 1)));
        return g.Build();
    }
}
