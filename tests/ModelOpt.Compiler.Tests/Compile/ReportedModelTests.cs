using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Emit.Reports;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Operators.Convolution;
using ModelOpt.Compiler.Operators.Movement;
using ModelOpt.Compiler.Tests.Data;

namespace ModelOpt.Compiler.Tests.Compile;

/// <summary>Small models that people had trouble with, compressed as they did.</summary>
[TestClass]
internal sealed class ReportedModelTests
{
    [TestMethod]
    [DataRow("maxpool-unused-indices", new[] { 3, 8, 8 })]
    [DataRow("sum", new[] { 3, 8, 8 })]
    [DataRow("gemm-c-per-row", new[] { 3, 6 })]
    [DataRow("empty-tensor-not-loadable", new[] { 6 })]
    [DataRow("reshape-with-batch-1-written-in", new[] { 3, 8, 8 })]
    [DataRow("float16-model-grows", new[] { 16, 10, 10 })]
    public void It_is_compressed_to_int8(string name, int[] sample)
    {
        using var folder = new TempFolder();
        string file = Model(name), data = Samples(folder, sample);
        var diagnostics = new DiagnosticList();
        CompiledModel compiled = ModelCompiler.Compile(file, new CompileOptions { CalibrationData = [data] }, diagnostics);
        Assert.IsFalse(diagnostics.Diagnostics.Any(d => d.Descriptor.Severity == DiagnosticSeverity.Warning),
            string.Join('\n', diagnostics.Diagnostics));
        ElementType type = name == "float16-model-grows" ? ElementType.Float16 : ElementType.Float32;
        int[] dims = name == "gemm-c-per-row" ? sample : [1, .. sample];
        var feeds = new Dictionary<string, Tensor> { ["x"] = Casting.To(TestGraph.RandomTensor(5, dims), type) };
        Tensor expected = GraphTesting.RunPeer(File.ReadAllBytes(file), feeds)[0], actual = GraphTesting.RunPeer(compiled.Onnx, feeds)[0];
        Assert.AreEqual(expected.Type, actual.Type);
        float[] e = Casting.To(expected, ElementType.Float32).Span<float>().ToArray(),
            a = Casting.To(actual, ElementType.Float32).Span<float>().ToArray();
        // Weights of 8 bits cost a few hundredths of the largest value of such small sums.
        Assert.IsTrue(e.Zip(a, (x, y) => MathF.Abs(x - y)).Max() <= 0.05f * e.Max(MathF.Abs),
            $"{name}: {string.Join(' ', e.Zip(a).Take(8))}");
    }

    [TestMethod]
    public void A_float16_model_becomes_as_small_as_its_float32_twin()
    {
        using var folder = new TempFolder();
        string file = Model("float16-model-grows");
        var sizes = new Dictionary<QuantizationMode, int>();
        foreach (QuantizationMode mode in (QuantizationMode[])[
            QuantizationMode.Float16, QuantizationMode.WeightOnlyInt8, QuantizationMode.Int8])
        {
            sizes[mode] = ModelCompiler.Compile(file, new CompileOptions
            {
                Quantization = mode, CalibrationData = [Samples(folder, [16, 10, 10])],
            }, new DiagnosticList()).Tflite.Length;
        }

        long original = new FileInfo(file).Length;
        Assert.IsTrue(sizes[QuantizationMode.Float16] < 1.05 * original, $"{sizes[QuantizationMode.Float16]}");
        Assert.IsTrue(sizes[QuantizationMode.WeightOnlyInt8] < 0.6 * original && sizes[QuantizationMode.Int8] < 0.6 * original);
        // Float16 data fits, and options that need data have it.
        CompiledModel pruned = ModelCompiler.Compile(
            file, new CompileOptions { ChannelPruning = 0.3, CalibrationData = [Samples(folder, [16, 10, 10], half: true)] },
            new DiagnosticList());
        Assert.IsTrue(pruned.Tflite.Length < 0.9 * sizes[QuantizationMode.Int8]);
    }

    [TestMethod]
    public void Clusters_that_no_layer_is_large_enough_for_are_said()
    {
        using var folder = new TempFolder();
        var diagnostics = new DiagnosticList();
        ModelCompiler.Compile(Model("clusters-without-effect-unsaid"),
            new CompileOptions { Clusters = 4, CalibrationData = [Samples(folder, [3, 8, 8])] }, diagnostics);
        Diagnostic only = diagnostics.Diagnostics.Single();
        Assert.AreEqual("MOPT4201", only.Descriptor.Code);
        StringAssert.Contains(only.Message, "1024 weights");
    }

    [TestMethod]
    [DataRow(QuantizationMode.None)]
    [DataRow(QuantizationMode.Int8)]
    public void Weights_that_layers_share_are_compressed_and_stored_once(QuantizationMode mode)
    {
        using var folder = new TempFolder();
        var options = new CompileOptions
        {
            Quantization = mode, CalibrationData = [Samples(folder, [8, 8, 8]), Samples(folder, [8, 8, 8], seed: 4)],
        };
        int plain = Compile(options).Tflite.Length;
        Assert.IsLessThan(1.05 * plain, Compile(options with { Clusters = 16 }, 16).Tflite.Length);
        Assert.IsLessThan(1.05 * plain, Compile(options with { Sparsity = 0.5 }, sparsity: 0.5).Tflite.Length);
        Assert.IsLessThan(0.95 * plain, Compile(options with { ChannelPruning = 0.25 }).Tflite.Length);
        Assert.IsLessThan(0.95 * plain, Compile(
            options with { ChannelPruning = 0.25, Sparsity = 0.5, Clusters = 8, FineTune = FineTuneMode.Distill, Epochs = 2,
                BatchSize = 8 }, 8, 0.5).Tflite.Length);
        Compile(options with { Rounding = WeightRounding.Adaptive, RoundingSteps = 20 });

        CompiledModel Compile(CompileOptions options, int? distinct = null, double? sparsity = null)
        {
            CompiledModel compiled = ModelCompiler.Compile(Model("shared-weights-grow"), options, new DiagnosticList());
            LayerReport[] layers = [.. compiled.Report.Layers.Where(l => l.Operator == "Conv")];
            Assert.HasCount(4, layers);
            // Two pairs of layers: each pair has one weight, which is counted alike.
            Assert.AreEqual((layers[0].Sparsity, layers[0].DistinctWeights), (layers[1].Sparsity, layers[1].DistinctWeights));
            if (distinct is not null) Assert.IsTrue(layers.All(l => l.DistinctWeights <= distinct));
            if (sparsity is { } share) Assert.AreEqual(
                share, layers.Sum(l => l.Sparsity!.Value * l.Weights!.Value) / layers.Sum(l => l.Weights!.Value), 0.01);
            Graph written = OnnxReader.Read(compiled.Onnx);
            Assert.AreEqual(2, written.Nodes.Where(n => n.Type == "Conv").Select(n => n.Input(1)).Distinct().Count());
            return compiled;
        }
    }

    [TestMethod]
    public void Clustered_and_pruned_siamese_branches_stay_near_the_original()
    {
        using var folder = new TempFolder();
        string x = Samples(folder, [8, 8, 8]), z = Samples(folder, [8, 8, 8], seed: 4), file = Model("shared-weights-grow");
        var feeds = new Dictionary<string, Tensor> { ["x"] = TestGraph.RandomTensor(5, [1, 8, 8, 8]),
            ["z"] = TestGraph.RandomTensor(6, [1, 8, 8, 8]) };
        float[] expected = GraphTesting.RunPeer(File.ReadAllBytes(file), feeds)[0].Span<float>().ToArray();
        foreach (CompileOptions options in (CompileOptions[])[new() { Clusters = 32 }, new() { Sparsity = 0.2 }, new()])
        {
            CompiledModel compiled = ModelCompiler.Compile(file, options with { CalibrationData = [x, z] }, new DiagnosticList());
            float[] actual = GraphTesting.RunPeer(compiled.Onnx, feeds)[0].Span<float>().ToArray();
            double noise = expected.Zip(actual, (e, a) => (double)(e - a) * (e - a)).Sum(), signal = expected.Sum(e => (double)e * e);
            Assert.IsLessThan(0.2, Math.Sqrt(noise / signal), $"{options.Clusters} {options.Sparsity}");
        }
    }

    [TestMethod]
    public void What_cannot_be_written_is_refused_before_calibration()
    {
        using var folder = new TempFolder();
        // Weights that are computed are.
        var g = new TestGraph();
        Value x = g.Input("x", 1, 3, 6, 6),
            weights = g.Add("Reshape", g.Add("Slice", x, g.Longs(0), g.Longs(1), g.Longs(2)), g.Longs(2, 3, 1, 3));
        g.Output(g.Add("Conv", x, weights));
        string model = folder.Write("computed.onnx", OnnxWriter.Write(g.Build()));
        List<string> phases = [];
        Diagnostic refused = Assert.ThrowsExactly<CompilationException>(() => ModelCompiler.Compile(
            model, new CompileOptions
            {
                CalibrationData = [Samples(folder, [3, 6, 6])], FineTune = FineTuneMode.Distill, Epochs = 3,
            }, new DiagnosticList(), new Phases(phases))).Diagnostic;
        Assert.AreEqual(("MOPT2006", "Conv"), (refused.Descriptor.Code, refused.Layer));
        Assert.AreEqual("read simplify", string.Join(' ', phases));
    }

    [TestMethod]
    public void What_was_refused_last_is_compiled()
    {
        using var folder = new TempFolder();
        CompiledModel compiled = ModelCompiler.Compile(
            Model("resize-refused-last"), new CompileOptions { CalibrationData = [Samples(folder, [3, 6, 6])] }, new DiagnosticList());
        using var model = Runtime.TfliteModel.Load(compiled.Tflite);
        Assert.HasCount(1, model.Inputs);
    }

    private static string Model(string name) => GraphTesting.Fixture(Path.Combine("Reported", $"{name}.onnx"));

    /// <summary>32 samples in −1…1.</summary>
    private static string Samples(TempFolder folder, int[] sample, bool half = false, int seed = 3)
    {
        Tensor data = Casting.To(TestGraph.RandomTensor(seed, [32, .. sample]), half ? ElementType.Float16 : ElementType.Float32);
        return folder.Write($"{seed}{half}.npy",
            DataTesting.Npy(half ? "<f2" : "<f4", string.Join(", ", data.Dims.ToArray()), data.Bytes.Span));
    }

    private sealed class Phases(List<string> phases) : IProgress<CompileProgress>
    {
        public void Report(CompileProgress value)
        {
            if (phases.Count == 0 || phases[^1] != value.Phase) phases.Add(value.Phase);
        }
    }
}
