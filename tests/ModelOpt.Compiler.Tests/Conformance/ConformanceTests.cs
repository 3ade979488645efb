using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Onnx.Proto;
using ModelOpt.Compiler.Onnx.Rewrites;
using ModelOpt.Compiler.Operators.Sampling;
using ModelOpt.Compiler.Tests.Simplify;
using ModelOpt.Runtime;

namespace ModelOpt.Compiler.Tests.Conformance;

/// <summary>
/// ONNX's conformance cases of every supported operator, in the interpreter and, lowered to TFLite, in our runtime and LiteRT.
/// </summary>
[TestClass]
internal sealed class ConformanceTests
{
    private const string Absent = "libonnx-testdata is not installed";

    /// <summary>What no part of the compiler takes, by how the case's name begins, and why.</summary>
    private static readonly (string Prefix, string Reason)[] Excluded =
    [
        ("resize_downsample_scales_linear_align_corners", "its data are for a fractional length of the result, which no runtime takes"),
        ("resize_downsample_scales_cubic_align_corners", "likewise"),
        ("batchnorm_epsilon_training_mode", "training"),
        ("batchnorm_example_training_mode", "training"),
        ("training_dropout", "training"),
        ("bernoulli", "it draws numbers of its own"),
        ("cast_FLOAT_to_STRING", "text"),
        ("cast_STRING_to_FLOAT", "text"),
        ("castlike_FLOAT_to_STRING", "text"),
        ("castlike_STRING_to_FLOAT", "text"),
        ("cast_FLOAT_to_BFLOAT16", "its data was truncated; ONNX 1.13 corrected it to rounding"),
        ("castlike_FLOAT_to_BFLOAT16", "its data was truncated; ONNX 1.13 corrected it to rounding"),
        ("castlike_BFLOAT16_to_FLOAT", "its data do not have the shape that its model declares"),
        ("identity_opt", "not a tensor"),
        ("if_opt", "not a tensor"),
        ("if_seq", "not a tensor"),
        ("loop13_seq", "not a tensor"),
        ("loop16_seq", "not a tensor"),
        ("scan_sum", "opset 8, whose Scan has a batch"),
        ("identity_sequence", "not a tensor"),
    ];

    /// <summary>What only the interpreter takes; a name that ends in $ is a whole one.</summary>
    private static readonly (string Prefix, string Reason)[] NotLowered =
    [
        ("loop11", "stacked results of as many runs as an input says"),
        ("range_float_type_positive_delta_expanded", "likewise"),
        ("range_int32_type_negative_delta_expanded", "likewise"),
    ];

    /// <summary>What passes bring to a form that is written.</summary>
    private static readonly (string Prefix, string Reason)[] Simplified =
    [
        ("averagepool_3d", "windows over volumes become ones over images"),
        ("maxpool_3d", "likewise"),
        ("convtranspose_3d", "likewise"),
        ("pytorch-converted/AvgPool3d", "likewise"),
        ("pytorch-converted/MaxPool3d", "likewise"),
        ("pytorch-converted/Conv3d", "likewise"),
        ("scan9_sum", "it is unrolled"),
    ];

    /// <summary>What LiteRT does not run although our runtime does.</summary>
    private static readonly (string Prefix, string Reason)[] NotInLiteRt =
    [
        ("constant", "LiteRT leaves an output unfilled that depends on no input"),
        ("shape", "likewise"),
        ("dropout_default_mask", "likewise, its mask"),
        ("eyelike", "likewise"),
        ("range", "likewise"),
        ("pytorch-converted/Embedding", "likewise, as its indices are constants here"),
        ("size", "likewise"),
        ("blackmanwindow$", "likewise"),
        ("blackmanwindow_symmetric$", "likewise"),
        ("hammingwindow$", "likewise"),
        ("hammingwindow_symmetric$", "likewise"),
        ("hannwindow$", "likewise"),
        ("hannwindow_symmetric$", "likewise"),
        ("melweightmatrix", "likewise"),
        ("blackmanwindow_expanded", "LiteRT does not grow a Range to a number that is an input"),
        ("blackmanwindow_symmetric_expanded", "likewise"),
        ("hammingwindow_expanded", "likewise"),
        ("hammingwindow_symmetric_expanded", "likewise"),
        ("hannwindow_expanded", "likewise"),
        ("hannwindow_symmetric_expanded", "likewise"),
        ("nllloss_NCd1d2d3d4d5_mean_weight_expanded", "LiteRT computes with tensors of seven dimensions in another order"),
        ("nllloss_NCd1d2d3d4d5_none_no_weight_expanded", "likewise"),
        ("sce_NCd1d2d3d4d5_mean_weight", "likewise"),
        ("sce_NCd1d2d3d4d5_none_no_weight", "likewise"),
        ("tril_zero", "LiteRT has no tensors without elements"),
        ("triu_zero", "likewise"),
        ("max_uint64", "LiteRT has no unsigned 64-bit integers"),
        ("min_uint64", "likewise"),
        ("bitshift_right_uint64", "likewise"),
        ("mod_uint64", "likewise"),
        ("pow_types_float32_uint64", "likewise"),
        ("pow_types_float$", "LiteRT has no POW of float64"),
        ("pow_types_int32_float32", "likewise"),
        ("pow_types_int64", "likewise"),
        ("compress", "its JavaScript interface gives outputs the size that the file states"),
        ("nonzero", "likewise"),
        ("lstm_with_peepholes", "a custom operator, for its sequence_lens"),
        ("bitshift_left", "a custom operator"),
        ("nonmaxsuppression", "likewise"),
        ("unique", "likewise"),
        ("slice_start_out_of_bounds", "LiteRT has no tensors without elements"),
        ("reshape_allowzero_reordered", "likewise"),
    ];

    public static IEnumerable<object?[]> Cases => Names(n => !Matches(Excluded, n));

    public static IEnumerable<object?[]> LoweredCases => Names(n => !Matches(Excluded, n) && !Matches(NotLowered, n));

    public static IEnumerable<object?[]> LiteRtCases =>
        Names(n => !Matches(Excluded, n) && !Matches(NotLowered, n) && !Matches(NotInLiteRt, n));

    public static IEnumerable<object?[]> NotLoweredCases => Names(n => Matches(NotLowered, n));

    public static IEnumerable<object?[]> ExcludedCases => Names(n => Matches(Excluded, n));

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void Interpreter(string name)
    {
        RequirePackage(name);
        (Graph graph, Tensor[] inputs, Tensor[] expected) = Load(name);
        Check(expected, new Interpreter(graph) { Hook = CheckInferred }.Run(inputs));
    }

    [TestMethod]
    [DynamicData(nameof(LoweredCases))]
    public void Runtime(string name)
    {
        RequirePackage(name);
        (Graph graph, Tensor[] inputs, Tensor[] expected) = LoadToWrite(name);
        Check(Array.ConvertAll(expected, TfliteRunner.Stored), TfliteRunner.Run(Lowering.Write(graph), inputs));
    }

    [TestMethod]
    [DynamicData(nameof(LiteRtCases))]
    public void LiteRt(string name)
    {
        RequirePackage(name);
        (Graph graph, Tensor[] inputs, Tensor[] expected) = LoadToWrite(name);
        Check(Array.ConvertAll(expected, TfliteRunner.Stored), TfliteRunner.RunLiteRt(Lowering.Write(graph), inputs));
    }

    [TestMethod]
    [DynamicData(nameof(ExcludedCases))]
    public void Excluded_cases_do_not_pass(string name) => AssertFails(() => Interpreter(name), name);

    [TestMethod]
    [DynamicData(nameof(NotLoweredCases))]
    public void Cases_that_are_not_lowered_do_not_pass(string name) => AssertFails(() => Runtime(name), name);

    [TestMethod]
    public void Every_operator_has_a_case()
    {
        RequirePackage(ConformanceCase.Installed ? "" : Absent);
        HashSet<string> covered = [.. ConformanceCase.All().Where(c => !Matches(Excluded, c.Name))
            .SelectMany(c => c.Model.Graph.Node.Select(n => n.OpType))];
        // The package has the cases of opset 17, without operators of other norms, what is drawn and what ONNX took out.
        covered.UnionWith(
            ["LpNormalization", "LpPool", "GlobalLpPool", "CenterCropPad", "Col2Im", "Affine", "Crop", "ImageScaler", "Scale",
                "ConstantFill", "DynamicSlice", "GivenTensorFill", "ParametricSoftplus", "ScaledTanh", "CumProd", "DeformConv"]);
        IEnumerable<string> names = Operator.Names.Where(n =>
            Operator.Find(n) is not SamplingOperator && Operator.Find(n)!.Versions[0].Opset <= 17);
        IEnumerable<string> rewritten = NodeRewrites.Names("").Except(
            ["Attention", "RotaryEmbedding", "CausalConvWithState", "LinearAttention", "SimplifiedLayerNormalization", "SwiGLU",
                "TensorScatter"]);
        Assert.AreEqual("", string.Join(", ", names.Concat(rewritten).Where(n => !covered.Contains(n))));
    }

    /// <summary>Whether a case passes in the interpreter, in the runtime and in LiteRT.</summary>
    public static (bool Interpreter, bool Runtime, bool LiteRt) Passes(string name)
    {
        bool interpreter = !Matches(Excluded, name), runtime = interpreter && !Matches(NotLowered, name);
        return (interpreter, runtime, runtime && !Matches(NotInLiteRt, name));
    }

    private static void AssertFails(Action test, string name)
    {
        RequirePackage(name);
        try
        {
            test();
        }
        catch (Exception e) when (
            e is CompilationException or InvalidModelException or ArgumentException or AssertFailedException)
        {
            return;
        }

        Assert.Fail("The case is excluded, yet it passes: take it off the list.");
    }

    private static IEnumerable<object?[]> Names(Func<string, bool> wanted) =>
        !ConformanceCase.Installed ? [[Absent]]
        : ConformanceCase.All().Select(c => c.Name).Where(wanted).Select(n => new object?[] { n });

    private static bool Matches((string Prefix, string Reason)[] list, string name) =>
        list.Any(e => e.Prefix.EndsWith('$') ? name == e.Prefix[..^1] : name.StartsWith(e.Prefix, StringComparison.Ordinal));

    private static void RequirePackage(string name)
    {
        if (name == Absent) Assert.Inconclusive("Debian's package libonnx-testdata is not installed.");
    }

    /// <summary>A case with its parameters as constants and shapes inferred.</summary>
    public static (Graph Graph, Tensor[] Inputs, Tensor[] Expected) Load(string name)
    {
        (byte[] model, TensorProto[] inputs, TensorProto[] outputs) = ConformanceCase.Of(name).Load();
        Graph graph = OnnxReader.Read(model);
        Tensor[] tensors = Array.ConvertAll(inputs, ConformanceCase.Read);
        for (int i = 0; i < tensors.Length; i++)
        {
            // In an input, 0 is read as a size that is left open; here it is a size.
            if (tensors[i].Count == 0) graph.Inputs[i].Shape = tensors[i].Shape;
        }

        ShapeInference.Run(graph);
        return (graph, tensors, Array.ConvertAll(outputs, ConformanceCase.Read));
    }

    private static (Graph Graph, Tensor[] Inputs, Tensor[] Expected) LoadToWrite(string name)
    {
        (Graph graph, Tensor[] inputs, Tensor[] expected) = Load(name);
        if (Matches(Simplified, name)) PassPipeline.Simplify(graph, PassTesting.Context);
        return (graph, inputs, expected);
    }

    private static void Check(Tensor[] expected, Tensor[] actual)
    {
        Assert.AreEqual(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++) ConformanceCase.AssertEqual(expected[i], actual[i], $"output {i}");
    }

    /// <summary>What shape inference said must be true, as far as it said anything.</summary>
    private static void CheckInferred(Value value, Tensor tensor)
    {
        Assert.AreEqual(tensor.Type, value.Type, $"{value.Name}: inferred type");
        if (value.Shape is null) return;
        Assert.AreEqual(tensor.Rank, value.Shape.Rank, $"{value.Name}: inferred rank");
        for (int i = 0; i < tensor.Rank; i++)
            if (value.Shape[i].IsKnown) Assert.AreEqual(tensor.Dims[i], value.Shape[i].Size, $"{value.Name}: inferred size {i}");
    }
}
