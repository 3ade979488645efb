using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Simplify;
using ModelOpt.Compiler.Techniques.Sparsity;
using ModelOpt.Compiler.Tests.Data;
using ModelOpt.Compiler.Tests.Simplify;
using ModelOpt.Compiler.Tests.Techniques.Quantize;

namespace ModelOpt.Compiler.Tests.Techniques.Sparsity;

[TestClass]
internal sealed class SparsityPassTests
{
    [TestMethod]
    [DataRow("Unstructured", 0.6)]
    [DataRow("1x4", 0.7)]
    [DataRow("4x1", 0.5)]
    [DataRow("2x3", 0.5)]
    [DataRow("2:4", 0.5)]
    [DataRow("1:3", 2.0 / 3)]
    public void Zeros_keep_to_the_pattern_and_are_those_of_least_magnitude(string text, double share)
    {
        SparsityPattern pattern = SparsityPattern.TryParse(text)!;
        Graph graph = Layers();
        float[][] before = Weights(graph);
        Run(graph, new Recipe { Sparsity = share, SparsityPattern = pattern, SparsityDistribution = SparsityDistribution.Uniform });
        float[][] after = Weights(graph);
        for (int layer = 0; layer < after.Length; layer++)
        {
            Tensor weight = graph.Nodes.Where(n => n.Type is "Conv" or "Gemm").ElementAt(layer).Input(1).Constant!;
            int[] dims = [.. weight.Dims.ToArray(), .. Enumerable.Repeat(1, 4 - weight.Rank)];
            // Each block or group by itself: the largest that became zero is no larger than the smallest that stayed.
            List<(double Norm, bool Zero)> blocks = [];
            int zeros = 0;
            foreach (List<int> unit in Units(dims, pattern))
            {
                if (pattern.Kind == SparsityKind.NM)
                {
                    int kept = unit.Count(i => after[layer][i] != 0);
                    Assert.AreEqual(Math.Min(unit.Count, pattern.Rows), kept);
                    float[] largest = [.. unit.Select(i => MathF.Abs(before[layer][i])).OrderDescending().Take(kept)];
                    float[] stayed = [.. unit.Select(i => MathF.Abs(after[layer][i])).Where(w => w != 0).OrderDescending()];
                    CollectionAssert.AreEqual(largest, stayed);
                    continue;
                }

                bool zero = after[layer][unit[0]] == 0;
                Assert.IsTrue(unit.TrueForAll(i => after[layer][i] == (zero ? 0 : before[layer][i])));
                blocks.Add((unit.Average(i => (double)before[layer][i] * before[layer][i]), zero));
                if (zero) zeros += unit.Count;
            }

            if (pattern.Kind == SparsityKind.NM) continue;
            Assert.IsLessThanOrEqualTo(blocks.Where(b => !b.Zero).Min(b => b.Norm), blocks.Where(b => b.Zero).Max(b => b.Norm));
            Assert.AreEqual(share * weight.Count, zeros, pattern.Rows * pattern.Columns / 2.0);
        }
    }

    [TestMethod]
    public void A_global_share_is_met_in_count_and_spares_the_layer_in_which_few_weights_are_all()
    {
        Graph graph = Layers();
        // In the dense layer one weight of fifty is large: the others are nearly free.
        Value dense = graph.Nodes.Single(n => n.Type == "Gemm").Input(1);
        float[] weights = [.. dense.Constant!.Span<float>().ToArray().Select((w, i) => i % 50 == 0 ? 1f : w / 1000)];
        dense.Constant = Tensor.Of<float>(dense.Constant.Dims, weights);
        Run(graph, new Recipe { Sparsity = 0.5 });
        Tensor[] after = [.. graph.Nodes.Where(n => n.Type is "Conv" or "Gemm").Select(n => n.Input(1).Constant!)];
        int zeros = after.Sum(Zeros), count = after.Sum(t => t.Count);
        Assert.AreEqual((int)Math.Round(count * 0.5), zeros);
        Assert.IsGreaterThan(0.9 * weights.Length, Zeros(after[^1]));
        Assert.AreEqual(0, weights.Where((w, i) => w == 1 && after[^1].Span<float>()[i] == 0).Count());
    }

    [TestMethod]
    [DataRow(false, false, "")]
    [DataRow(true, false, "Gemm Gemm_1")]
    [DataRow(false, true, "Gemm")]
    public void A_layer_that_no_output_shows_is_named(bool isDead, bool isBlank, string named)
    {
        var g = new TestGraph();
        Value bias = isDead ? g.Constant(Tensor.Of<float>([48], [.. Enumerable.Repeat(-1000f, 48)])) : g.Random(3, 48);
        Value hidden = g.Add("Relu", g.Add("Gemm", g.Input("x", -1, 32), g.Random(1, 32, 48), bias));
        g.Output(g.Add("Gemm", hidden, g.Random(2, 48, 40), g.Random(4, 40)));
        Tensor data = TestGraph.RandomTensor(5, [64, 32]);
        if (isBlank) data.Span<float>().Clear();
        using var folder = new TempFolder();
        string file = folder.Write("x.npy", DataTesting.Npy("<f4", "64, 32", data.Bytes.Span));
        var diagnostics = new DiagnosticList();
        ModelCompiler.Compile(folder.Write("m.onnx", OnnxWriter.Write(g.Build())),
            new() { Quantization = QuantizationMode.None, Sparsity = 0.5, CalibrationData = [file] }, diagnostics);
        Assert.AreEqual(named, string.Join(' ', diagnostics.Diagnostics.Where(d => d.Descriptor.Code == "MOPT4107").Select(d => d.Layer)));
    }

    [TestMethod]
    public void Rules_of_the_recipe_win()
    {
        Graph graph = Layers();
        string[] names = [.. graph.Nodes.Where(n => n.Type is "Conv" or "Gemm").Select(n => n.Label)];
        Recipe recipe = new()
        {
            Sparsity = 0.5,
            Layers =
            [
                new LayerRule(names[0]) { Sparsity = 0 },
                new LayerRule(names[1]) { Sparsity = 0.75, SparsityPattern = new(SparsityKind.Block, 1, 4) },
                new LayerRule(names[2]) { SparsityPattern = new(SparsityKind.NM, 1, 4) },
            ],
        };
        Run(graph, recipe);
        Value[] after = [.. graph.Nodes.Where(n => n.Type is "Conv" or "Gemm").Select(n => n.Input(1))];
        Assert.IsNull(after[0].Constraints);
        Assert.AreEqual(0.75 * after[1].Constant!.Count, Zeros(after[1].Constant!));
        Assert.AreEqual("1x4", after[1].Constraints!.Mask!.Pattern.ToString());
        Assert.AreEqual(0.75 * after[2].Constant!.Count, Zeros(after[2].Constant!), "1:4 implies 0.75, whatever the model's share");
    }

    [TestMethod]
    public void Layers_that_have_no_weight_to_spare_are_left_alone_and_told_of()
    {
        var g = new TestGraph();
        Value x = g.Add("Conv", [g.Input("x", -1, 3, 8, 8), g.Random(1, 64, 3, 3, 3)], ("pads", new[] { 1, 1, 1, 1 }));
        x = g.Add("Conv", [x, g.Random(2, 64, 1, 3, 3)], ("pads", new[] { 1, 1, 1, 1 }), ("group", 64));
        x = g.Add("Conv", x, g.Random(3, 64, 64, 1, 1));
        g.Output(g.Add("Conv", x, g.Random(4, 4, 64, 1, 1)));
        Graph graph = g.Build(), again = graph.Clone();
        PassResult result = Run(graph, new Recipe { Sparsity = 0.5 });
        Assert.AreEqual(1, result.Changes);
        CollectionAssert.AreEqual(
            new[] { "Conv: it reads few channels", "Conv_1: it is depthwise and has no weights to spare",
                "Conv_3: it has only 256 weights" },
            result.Notes.Select(n => n.ToString()).ToArray());

        Recipe all = new() { Sparsity = 0.5, Layers = [new LayerRule("*") { Sparsity = 0.5 }] };
        Assert.AreEqual(3, Run(again, all).Changes, "but for the depthwise one, a rule has them all");
    }

    [TestMethod]
    public void A_pattern_of_the_model_may_have_its_shares_in_rules()
    {
        Graph graph = Layers();
        string layer = graph.Nodes.First(n => n.Type == "Conv").Label;
        Run(graph, new Recipe { SparsityPattern = SparsityPattern.TryParse("1x4"), Layers = [new(layer) { Sparsity = 0.5 }] });
        foreach (Node node in graph.Nodes.Where(n => n.Type is "Conv" or "Gemm"))
            Assert.AreEqual(node.Label == layer, node.Input(1).Constraints?.Mask is { Pattern.Kind: SparsityKind.Block }, node.Label);
    }

    [TestMethod]
    [DataRow(null, 0.999999, "MOPT4101")]
    [DataRow("1x4", 0.9999, "MOPT4101")]
    [DataRow("2:4", 0.9, "MOPT4102")]
    public void What_cannot_be_is_refused(string? pattern, double? share, string code)
    {
        Recipe options = new() { Sparsity = share, SparsityPattern = pattern is null ? null : SparsityPattern.TryParse(pattern) };
        foreach (SparsityDistribution distribution in Enum.GetValues<SparsityDistribution>())
        {
            CompilationException error = Assert.ThrowsExactly<CompilationException>(
                () => Run(Layers(), options with { SparsityDistribution = distribution }));
            Assert.AreEqual(code, error.Diagnostic.Descriptor.Code);
            if (code == "MOPT4102") StringAssert.Contains(error.Diagnostic.Message, "nearest is 1:4, with 0.75");
        }
    }

    [TestMethod]
    public void N_of_M_implies_its_share()
    {
        Graph graph = Layers();
        Run(graph, new Recipe { SparsityPattern = SparsityPattern.TryParse("1:4") });
        Assert.IsTrue(graph.Nodes.Where(n => n.Type is "Conv" or "Gemm")
            .All(n => Zeros(n.Input(1).Constant!) == 0.75 * n.Input(1).Constant!.Count));
    }

    [TestMethod]
    public void What_follows_keeps_the_zeros_only_for_the_mask()
    {
        Graph graph = Layers();
        Run(graph, new Recipe { Sparsity = 0.5 });
        Value weight = graph.Nodes[0].Input(1);
        Tensor moved = Tensor.Of<float>(
            weight.Constant!.Dims, [.. weight.Constant.Span<float>().ToArray().Select((w, i) => w + (0.1f * (i % 7)) + 0.01f)]);
        WeightConstraints kept = weight.Constraints!;
        Quantization grid = WeightGrid.Symmetric(moved, 0);
        Assert.AreEqual(Zeros(weight.Constant), Zeros(kept.With(grid).Project(moved)), 0.1 * weight.Constant.Count);
        Assert.IsTrue(kept.Mask!.Zeros.Select((z, i) => !z || kept.With(grid).Project(moved).Span<float>()[i] == 0).All(ok => ok));
        Assert.IsLessThan(0.1 * weight.Constant.Count, Zeros((kept with { Mask = null }).With(grid).Project(moved)),
            "without the mask they are lost");
    }

    [TestMethod]
    [DataRow("Unstructured", 0.6)]
    [DataRow("1x4", 0.5)]
    [DataRow("2:4", 0.5)]
    public void Second_order_zeros_reach_the_file_and_lose_less_than_those_of_magnitude(string pattern, double share)
    {
        Recipe recipe = new() { Sparsity = share, SparsityPattern = SparsityPattern.TryParse(pattern) };
        (double least, CompiledModel model) = Sample(recipe);
        (double magnitude, _) = Sample(recipe with { PruningCriterion = PruningCriterion.Magnitude });
        Assert.IsGreaterThan(magnitude + 3, least, "decibels of output on images that calibration did not see");
        (_, CompiledModel again) = Sample(recipe);
        CollectionAssert.AreEqual(model.Tflite, again.Tflite);
    }

    /// <summary>A convolution of 3×3, a pointwise one and a dense layer, none small.</summary>
    private static Graph Layers()
    {
        var g = new TestGraph();
        Value x = g.Add("Conv", g.Input("x", -1, 12, 8, 8), g.Random(1, 24, 12, 3, 3));
        x = g.Add("Conv", x, g.Random(2, 48, 24, 1, 1));
        x = g.Add("Flatten", g.Add("GlobalAveragePool", x));
        g.Output(g.Add("Gemm", [x, g.Random(3, 40, 48)], ("transB", 1)));
        return g.Build();
    }

    private static PassResult Run(Graph graph, Recipe recipe) =>
        new SparsityPass().Apply(graph, new PassContext(new CompileOptions(), recipe, new DiagnosticList()));

    /// <summary>
    /// The sample's model compressed, and how near its outputs are to the float model's. Its file is read back in compiling.
    /// </summary>
    private static (double Decibels, CompiledModel Model) Sample(Recipe recipe)
    {
        using var folder = new TempFolder();
        CompileOptions options = QuantizeTesting.SampleOptions with
        {
            CalibrationSamples = 64, Recipe = folder.Write("recipe.json", System.Text.Encoding.UTF8.GetBytes(recipe.ToJson())),
        };
        CompiledModel model = ModelCompiler.Compile(QuantizeTesting.SampleModel, options, new DiagnosticList());
        Graph graph = QuantizeTesting.Sample();
        Tensor[] images = QuantizeTesting.Images(16);
        float[] exact = [.. images.SelectMany(
            i => new ModelOpt.Compiler.Interpretation.Interpreter(graph).Run([i])[0].Span<float>().ToArray())];
        float[] actual = [.. images.SelectMany(i => TfliteRunner.Run(model.Tflite, i)[0].Span<float>().ToArray())];
        return (QuantizeTesting.Sqnr(Tensor.Vector<float>(exact), Tensor.Vector<float>(actual)), model);
    }

    private static float[][] Weights(Graph graph) =>
        [.. graph.Nodes.Where(n => n.Type is "Conv" or "Gemm").Select(n => n.Input(1).Constant!.Span<float>().ToArray())];

    private static int Zeros(Tensor weight) => weight.Span<float>().ToArray().Count(w => w == 0);

    /// <summary>The elements of each block or group, by definition.</summary>
    private static IEnumerable<List<int>> Units(int[] d, SparsityPattern p)
    {
        (int rows, int columns) = p.Kind switch
        {
            SparsityKind.Unstructured => (1, 1), SparsityKind.NM => (1, p.Columns), _ => (p.Rows, p.Columns),
        };
        return Enumerable.Range(0, d[0] * d[1] * d[2] * d[3])
            .GroupBy(i => (i / (d[1] * d[2] * d[3]) / rows, i / (d[2] * d[3]) % d[1] / columns, i % (d[2] * d[3])))
            .Select(g => g.ToList());
    }
}
