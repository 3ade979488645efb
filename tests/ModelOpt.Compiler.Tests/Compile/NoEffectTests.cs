using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Tests.Data;
using ModelOpt.Compiler.Tests.Onnx;

namespace ModelOpt.Compiler.Tests.Compile;

/// <summary>An option that changes nothing says so, once.</summary>
[TestClass]
internal sealed class NoEffectTests
{
    private static readonly CompileOptions None = new() { Quantization = QuantizationMode.None };
    private static readonly CompileOptions Int8 = new();

    public static IEnumerable<object[]> Cases =>
    [
        ["", Int8, true],
        ["MOPT4201", None with { Clusters = 4 }, false],
        ["MOPT4201", Int8 with { Clusters = 4 }, true],
        ["MOPT4104", None with { Sparsity = 0.5 }, false],
        ["MOPT4302 MOPT4307", None with { ChannelPruning = 0.005 }, false],
        ["MOPT6017", None, true],
        ["MOPT6015 MOPT6017", None with { CalibrationMethod = CalibrationMethod.Mse }, true],
        ["MOPT6015 MOPT6015", None with { CalibrationMethod = CalibrationMethod.Mse, Rounding = WeightRounding.Adaptive }, false],
        ["MOPT6015 MOPT6015", None with { InputMean = [1], InputStd = [2] }, false],
        ["", None with { InputMean = [1], InputType = ElementType.UInt8 }, false],
        ["", None with { InputShape = [new(null, [1, 8, 6, 6])] }, false],
        ["MOPT6015 MOPT6015", None with { CalibrationSamples = 8, DataLayout = DataLayout.Nchw }, false],
        ["MOPT6017", None with { CalibrationSamples = 8, DataLayout = DataLayout.Nchw, InputMean = [1] }, true],
        ["MOPT6015", None with { DataLayout = DataLayout.Nhwc, InputType = ElementType.UInt8 }, false],
        ["MOPT6015 MOPT6015", None with { TrainingData = ["x"], EvaluationData = ["x"] }, false],
        ["MOPT6015 MOPT6015", None with { TrainingLabels = "x", EvaluationLabels = "x" }, false],
    ];

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void It_is_said(string codes, CompileOptions options, bool calibrated)
    {
        var g = new TestGraph();
        Value x = g.Add("Relu", g.Add("Conv", [g.Input("x", -1, 8, 6, 6), g.Random(1, 12, 8, 3, 3)]));
        g.Output(g.Add("Gemm", [g.Add("Flatten", x), g.Random(2, 3, 192)], ("transB", 1)));
        Assert.AreEqual(codes, Codes(g.Build(), options, calibrated));
    }

    [TestMethod]
    [DataRow("", 0, false)]
    [DataRow("Sparsity, Clusters has no effect", 0.5, false)]
    [DataRow("Sparsity, Clusters, FineTune has no effect", 0.5, true)]
    public void A_file_that_is_quantized_is_not_compressed_and_says_so(string message, double sparsity, bool tuned)
    {
        var qdq = new QdqModel();
        string y = qdq.Node("Gemm", [qdq.Input(1, 64), qdq.Weight([64, 32], ElementType.Int8, -127, 127, 0.01f)]);
        qdq.Output(qdq.Round(y, 0.1f, 128));
        using var folder = new TempFolder();
        var diagnostics = new DiagnosticList();
        CompileOptions options = None with
        {
            Sparsity = sparsity > 0 ? sparsity : null,
            Clusters = sparsity > 0 ? 4 : null,
            FineTune = tuned ? FineTuneMode.Distill : FineTuneMode.None,
            TrainingData = tuned ? [folder.Write("x.npy", DataTesting.Npy("<f4", "1, 64", new byte[256]))] : [],
        };
        ModelCompiler.Compile(folder.Write("model.onnx", qdq.Bytes()), options, diagnostics);
        string[] told = [.. diagnostics.Diagnostics.Where(d => d.Descriptor.Code == "MOPT4021").Select(d => d.Message)];
        Assert.HasCount(message.Length == 0 ? 0 : 1, told);
        if (message.Length > 0) StringAssert.Contains(told[0], message);
    }

    [TestMethod]
    [DataRow(1f, "")]
    [DataRow(50f, "MOPT4022")]
    public void That_int8_would_take_an_output_far_from_the_float_model_is_said(float factor, string codes)
    {
        // What is left of a difference of wide values is less than a step of their grids.
        var g = new TestGraph();
        Value x = g.Input("x", -1, 8, 6, 6);
        Value wide = g.Add("Mul", [g.Add("Conv", [x, g.Random(1, 8, 8, 1, 1)]), g.Constant(Tensor.Scalar(factor))]);
        Value narrow = g.Add("Relu", [g.Add("Conv", [x, g.Random(2, 8, 8, 1, 1)])]);
        Value left = g.Add("Sub", [g.Add("Add", [wide, narrow]), wide]);
        g.Output(g.Add("Conv", [left, g.Random(3, 4, 8, 1, 1)]));
        Assert.AreEqual(codes, Codes(g.Build(), Int8, true));
    }

    [TestMethod]
    public void That_int8_takes_an_output_far_from_the_float_model_is_said()
    {
        // The same difference between two layers, with all that is multiplied: neither may stay in float.
        Tensor wide = TestGraph.RandomTensor(1, 16, 8, 1, 1), apart = TestGraph.RandomTensor(3, 4, 16, 1, 1);
        ReadOnlySpan<float> narrow = TestGraph.RandomTensor(2, 8, 8, 1, 1).Span<float>();
        for (int i = 0; i < 64; i++)
        {
            wide.Span<float>()[64 + i] = 400 * wide.Span<float>()[i];
            wide.Span<float>()[i] = wide.Span<float>()[64 + i] + narrow[i];
            apart.Span<float>()[(i / 16 * 16) + 8 + (i % 8)] = -apart.Span<float>()[(i / 16 * 16) + (i % 8)];
        }

        var g = new TestGraph();
        g.Output(g.Add("Conv", [g.Add("Conv", [g.Input("x", -1, 8, 6, 6), g.Constant(wide)]), g.Constant(apart)]));
        Assert.AreEqual("MOPT5608", Codes(g.Build(), Int8, true));
    }

    [TestMethod]
    public void A_model_that_takes_bytes_is_compared_with_the_float_model()
    {
        using var folder = new TempFolder();
        byte[] pixels = new byte[16 * 6 * 6 * 3];
        new Random(1).NextBytes(pixels);
        var g = new TestGraph();
        g.Output(g.Add("Relu", [g.Add("Conv", [g.Input("x", -1, 3, 6, 6), g.Random(1, 8, 3, 3, 3)])]));
        var diagnostics = new DiagnosticList();
        Compile(g.Build(), Int8 with
        {
            CalibrationData = [folder.Write("x.npy", DataTesting.Npy("|u1", "16, 6, 6, 3", pixels))],
            InputType = ElementType.UInt8,
            InputMean = [127],
            InputStd = [60],
        }, folder, diagnostics);
        Assert.AreEqual("", string.Join('\n', diagnostics.Diagnostics.Select(d => d.Message)));
    }

    [TestMethod]
    public void As_many_clusters_as_integers_are_said_to_be_none()
    {
        var g = new TestGraph();
        g.Output(g.Add("Gemm", [g.Input("x", -1, 64), g.Random(2, 32, 64)], ("transB", 1)));
        Assert.AreEqual("MOPT4202", Codes(
            g.Build(), new CompileOptions { Quantization = QuantizationMode.WeightOnlyInt8, Clusters = 255 }, false));
    }

    [TestMethod]
    public void A_rule_that_names_only_layers_that_cannot_take_part_is_named()
    {
        using var folder = new TempFolder();
        string recipe = folder.Write("recipe.json", """
            { "layers": [ { "match": "Gemm", "clusters": 4, "sparsity": 0.5, "decomposition": 0.2 },
              { "match": "Gemm_1", "clusters": 4 } ] }
            """u8.ToArray());
        var g = new TestGraph();
        Value x = g.Input("x", -1, 4);
        g.Output(g.Add("Gemm", [x, g.Add("Relu", g.Input("w", 4, 4))], ("transB", 1)));
        g.Output(g.Add("Gemm", [x, g.Random(1, 4, 4)], ("transB", 1)));
        var diagnostics = new DiagnosticList();
        Graph graph = g.Build();
        Compile(graph, None with { Recipe = recipe }, folder, diagnostics);
        CollectionAssert.AreEqual(
            new[] { "MOPT4402 ", "MOPT6016 Gemm", "MOPT4404 ", "MOPT4104 ", "MOPT6016 Gemm" },
            diagnostics.Diagnostics.Select(d => $"{d.Descriptor.Code} {d.Layer}").ToArray());
    }

    [TestMethod]
    public void Data_that_leaves_a_value_at_zero_is_said_to_tell_nothing()
    {
        using var folder = new TempFolder();
        string data = folder.Write("x.npy", DataTesting.Npy("<f4", "4, 8", new byte[128]));
        var g = new TestGraph();
        g.Output(g.Add("Gemm", [g.Input("x", -1, 8), g.Random(2, 4, 8), g.Random(3, 4)], ("transB", 1)));
        var diagnostics = new DiagnosticList();
        Compile(g.Build(), Int8 with { CalibrationData = [data] }, folder, diagnostics);
        Diagnostic diagnostic = diagnostics.Diagnostics.Single();
        Assert.AreEqual("MOPT3014", diagnostic.Descriptor.Code);
        StringAssert.Contains(diagnostic.Message, "'x' is 0 in all calibration samples");
    }

    [TestMethod]
    public void A_float16_model_that_becomes_larger_is_told()
    {
        var diagnostics = new DiagnosticList();
        ModelCompiler.Compile(GraphTesting.Fixture(Path.Combine("Reported", "float16-model-grows.onnx")), None, diagnostics);
        Diagnostic only = diagnostics.Diagnostics.Single();
        Assert.AreEqual("MOPT5006", only.Descriptor.Code);
        StringAssert.Contains(only.Message, "float16 in the model");
    }

    private static string Codes(Graph graph, CompileOptions options, bool calibrated)
    {
        using var folder = new TempFolder();
        var diagnostics = new DiagnosticList();
        if (calibrated)
        {
            Tensor data = TestGraph.RandomTensor(3, [16, .. graph.Inputs[0].Shape!.Skip(1).Select(d => (int)d.Size)]);
            options = options with { CalibrationData =
                [folder.Write("x.npy", DataTesting.Npy("<f4", string.Join(", ", data.Dims.ToArray()), data.Bytes.Span))] };
        }

        Compile(graph, options, folder, diagnostics);
        return string.Join(' ', diagnostics.Diagnostics.Select(d => d.Descriptor.Code));
    }

    private static void Compile(Graph graph, CompileOptions options, TempFolder folder, DiagnosticList diagnostics) =>
        ModelCompiler.Compile(folder.Write("model.onnx", OnnxWriter.Write(graph)), options, diagnostics);
}
