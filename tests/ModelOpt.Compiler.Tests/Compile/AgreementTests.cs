using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Data;
using ModelOpt.Compiler.Emit.Reports;

namespace ModelOpt.Compiler.Tests.Compile;

[TestClass]
internal sealed class AgreementTests
{
    private const int Compared = 200;

    private static readonly CompileOptions Options = new()
    {
        Quantization = QuantizationMode.WeightOnlyInt8,
        InputStd = [255],
        EvaluationData = [GraphTesting.Fixture("test_images.npy")],
        EvaluationLabels = GraphTesting.Fixture("test_labels.npy"),
    };

    [TestMethod]
    public void The_float_models_accuracy_is_that_of_ONNX_Runtime()
    {
        (ClassAgreement agreement, string[] codes) = Compile(Options);
        Assert.AreEqual((Compared, true), (agreement.Count, agreement.AreUnseen));
        Assert.AreEqual(RightInPeer(), agreement.FloatRight);
        Assert.IsGreaterThanOrEqualTo(0.95, agreement.Share);
        CollectionAssert.IsSubsetOf(new[] { "MOPT5609", "MOPT5610" }, codes);
    }

    [TestMethod]
    public void A_model_that_lost_much_is_warned_of()
    {
        (ClassAgreement agreement, string[] codes) = Compile(Options with
        {
            Sparsity = 0.97, PruningCriterion = PruningCriterion.Magnitude, EvaluationLabels = null,
        });
        Assert.IsLessThan(0.95, agreement.Share);
        Assert.IsNull(agreement.FloatRight);
        CollectionAssert.Contains(codes, "MOPT5611");
    }

    [TestMethod]
    public void Calibration_samples_that_are_left_over_are_unseen()
    {
        CompileOptions options = Options with { EvaluationData = [], EvaluationLabels = null, CalibrationData = Options.EvaluationData };
        (ClassAgreement agreement, string[] codes) = Compile(options with { CalibrationSamples = 50 });
        Assert.AreEqual((Compared, true), (agreement.Count, agreement.AreUnseen));
        CollectionAssert.DoesNotContain(codes, "MOPT5612");
        Assert.IsFalse(Compile(options with { CalibrationSamples = 1000 }).Agreement.AreUnseen);
    }

    [TestMethod]
    public void Inputs_of_another_range_look_wrong()
    {
        CompileOptions options = Options with { CalibrationData = Options.EvaluationData, InputStd = [] };
        (ClassAgreement agreement, string[] codes) = Compile(options);
        // Both agree on nonsense, and the labels tell.
        CollectionAssert.Contains(codes, "MOPT5612");
        Assert.IsLessThan(RightInPeer(), agreement.FloatRight!.Value);
        CollectionAssert.Contains(Compile(options with { InputStd = [65025] }).Codes, "MOPT5612");
    }

    [TestMethod]
    public void Labels_of_other_data_are_refused()
    {
        using var folder = new TempFolder();
        string labels = folder.Write("labels.txt", "1\n2\n"u8);
        Assert.AreEqual("MOPT3011", Assert.ThrowsExactly<CompilationException>(
            () => Compile(Options with { EvaluationLabels = labels })).Diagnostic.Descriptor.Code);
    }

    private static (ClassAgreement Agreement, string[] Codes) Compile(CompileOptions options)
    {
        var diagnostics = new DiagnosticList();
        CompiledModel model = ModelCompiler.Compile(GraphTesting.Fixture("fashion_mobilenet.onnx"), options, diagnostics);
        return (model.Report.Agreement!, [.. diagnostics.Diagnostics.Select(d => d.Descriptor.Code)]);
    }

    /// <summary>How often ONNX Runtime is right on the samples that are compared: they are spread over the data.</summary>
    private static int RightInPeer()
    {
        using InputSamples images = InputSamples.Open(
            Options.EvaluationData, new("image", ElementType.Float32, new Shape(Dim.Named("N"), 1, 28, 28)), SampleFormat.Of(Options));
        int[] labels = LabelSource.Read(Options.EvaluationLabels!);
        int[] chosen = [.. Enumerable.Range(0, Compared).Select(i => i * images.Count / Compared)];
        Tensor batch = new(ElementType.Float32, [Compared, 1, 28, 28], chosen.SelectMany(i => images.Read(i).Bytes.ToArray()).ToArray());
        float[] scores = Elements.ToFloats(GraphTesting.RunPeer(
            File.ReadAllBytes(GraphTesting.Fixture("fashion_mobilenet.onnx")), new Dictionary<string, Tensor> { ["image"] = batch })[0]);
        return chosen.Index().Count(p => scores.AsSpan(10 * p.Index, 10).IndexOf(scores.AsSpan(10 * p.Index, 10).ToArray().Max())
            == labels[p.Item]);
    }
}
