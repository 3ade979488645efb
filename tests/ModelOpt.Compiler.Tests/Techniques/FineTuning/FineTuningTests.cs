using System.Runtime.InteropServices;
using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Simplify;
using ModelOpt.Compiler.Tests.Data;
using ModelOpt.Compiler.Tests.Techniques.Quantize;
using ModelOpt.Compiler.Training;

namespace ModelOpt.Compiler.Tests.Techniques.FineTuning;

/// <summary>A small network, compressed hard and trained back by random images.</summary>
[TestClass]
internal sealed class FineTuningTests
{
    [TestMethod]
    [DataRow(QuantizationMode.Int8)]
    [DataRow(QuantizationMode.None)]
    [DataRow(QuantizationMode.Float16)]
    public void Distillation_brings_a_sparse_model_nearer_to_the_float_model_and_keeps_zeros(QuantizationMode quantization)
    {
        using TempFolder folder = new();
        CompileOptions sparse = FineTuneTesting.Options(folder) with { Sparsity = 0.7, Quantization = quantization };
        (Graph without, _, _) = FineTuneTesting.Compress(sparse);
        (Graph trained, PassContext context, IReadOnlyList<AppliedPass> passes) =
            FineTuneTesting.Compress(sparse with { FineTune = FineTuneMode.Distill });
        Assert.IsLessThan(FineTuneTesting.Error(without, context) * 0.7, FineTuneTesting.Error(trained, context));
        Assert.IsGreaterThan(0, passes.Single(p => p.Name == "FineTuning").Changes);
        foreach (Value weight in trained.Values.Where(v => v.Constraints is not null))
        {
            Assert.IsTrue(weight.Constraints!.Mask!.Sparsity > 0.5);
            Assert.IsTrue(weight.Constant!.Bytes.Span.SequenceEqual(weight.Constraints.Project(weight.Constant).Bytes.Span), weight.Name);
        }
    }

    [TestMethod]
    [DataRow(Distillation.Outputs)]
    [DataRow(Distillation.Blocks)]
    public void What_is_learnt_of_the_teacher_can_be_chosen(Distillation distillation)
    {
        using TempFolder folder = new();
        CompileOptions sparse = FineTuneTesting.Options(folder) with { Sparsity = 0.7 };
        (Graph without, _, _) = FineTuneTesting.Compress(sparse);
        CompileOptions options = sparse with { FineTune = FineTuneMode.Distill, Distillation = distillation };
        (Graph trained, PassContext context, _) = FineTuneTesting.Compress(options);
        Assert.IsLessThan(FineTuneTesting.Error(without, context), FineTuneTesting.Error(trained, context));
        (Graph other, _, _) = FineTuneTesting.Compress(
            options with { Distillation = distillation == Distillation.Blocks ? Distillation.Outputs : Distillation.Blocks });
        CollectionAssert.AreNotEqual(Lowering.Write(trained, default), Lowering.Write(other, default));
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void The_temperature_counts_where_the_output_is_class_scores_and_there_alone(bool areClasses)
    {
        Graph graph = FineTuneTesting.Network();
        TrainingBatch batch = new([TestGraph.RandomTensor(1, 3, 2, 8, 8)], []);
        double[] losses = [.. new[] { 1, 4, 5 }.Select(temperature => new DistillationObjective(
            graph, graph.Clone(), areClasses, new ModelOptions { Temperature = temperature, Distillation = Distillation.Outputs }, null)
            .Evaluate([TestGraph.RandomTensor(2, 3, 5)], batch, default).Loss)];
        Assert.HasCount(areClasses ? 3 : 1, losses.Distinct());
        double unset = new DistillationObjective(
            graph, graph.Clone(), areClasses, new ModelOptions { Distillation = Distillation.Outputs }, null)
            .Evaluate([TestGraph.RandomTensor(2, 3, 5)], batch, default).Loss;
        Assert.AreEqual(losses[1], unset, "4 is the default");
    }

    [TestMethod]
    public void What_is_emitted_is_what_was_trained()
    {
        using TempFolder folder = new();
        (Graph graph, _, _) = FineTuneTesting.Compress(
            FineTuneTesting.Options(folder) with { Sparsity = 0.5, Clusters = 16, FineTune = FineTuneMode.Distill });
        byte[] tflite = Lowering.Write(graph, default);
        ConstraintVerifier.Verify(graph, tflite);
        float step = graph.Outputs[0].Quantization!.Scale;
        for (int i = 0; i < 10; i++)
        {
            Tensor image = TestGraph.RandomTensor(500 + i, 1, 2, 8, 8);
            float[] simulated = new Interpreter(graph) { FakeQuantize = true }.Run(image)[0].Span<float>().ToArray();
            float[] emitted = TfliteRunner.Run(tflite, image)[0].Span<float>().ToArray();
            for (int c = 0; c < simulated.Length; c++) Assert.AreEqual(simulated[c], emitted[c], 1.001f * step);
        }
    }

    [TestMethod]
    public void Calibration_does_not_see_what_training_is_judged_by()
    {
        CompileOptions options = new() { FineTune = FineTuneMode.Distill };
        int[] calibrating = CalibrationSamples.Of(100, options, options).Chosen!;
        Assert.HasCount(90, calibrating);
        CollectionAssert.AreEqual(calibrating.Order().ToArray(), calibrating);
        using TempFolder folder = new();
        options = FineTuneTesting.Options(folder) with { FineTune = FineTuneMode.Distill };
        using TrainingData data = TrainingData.Open(
            FineTuneTesting.Compress(options with { FineTune = FineTuneMode.None }).Graph, options, options);
        Assert.IsFalse(data.EvaluationIndices.Intersect(calibrating).Any());
        foreach (CompileOptions own in (CompileOptions[])[
            options with { FineTune = null }, options with { TrainingData = ["x"] }, options with { EvaluationData = ["x"] }])
            Assert.AreEqual(new CalibrationSamples(100, null), CalibrationSamples.Of(100, own, own));
    }

    [TestMethod]
    public void Ranges_that_calibration_chose_too_wide_become_narrower()
    {
        using TempFolder folder = new();
        CompileOptions options = FineTuneTesting.Options(folder);
        float[] images = TestGraph.RandomTensor(77, 20, 2, 8, 8).Span<float>().ToArray();
        for (int i = 0; i < 128; i++) images[i] *= 6;
        string outlier = folder.Write("outlier.npy", DataTesting.Npy("<f4", "20, 2, 8, 8", MemoryMarshal.AsBytes<float>(images)));
        options = options with { CalibrationData = [outlier], TrainingData = options.CalibrationData, Epochs = 20 };
        (Graph without, PassContext context, _) = FineTuneTesting.Compress(options);
        (Graph trained, _, _) = FineTuneTesting.Compress(options with { FineTune = FineTuneMode.Distill });
        float[] before = Scales(without), after = Scales(trained);
        Assert.HasCount(5, after);
        for (int i = 0; i < after.Length; i++) Assert.IsLessThan(0.7f * before[i], after[i], $"value {i}");
        Assert.IsLessThan(0.5 * FineTuneTesting.Error(without, context), FineTuneTesting.Error(trained, context));

        static float[] Scales(Graph graph) =>
            [.. graph.Values.Where(v => v.Producer is not null && v.Quantization is not null).Select(v => v.Quantization!.Scale)];
    }

    [TestMethod]
    public void The_same_options_give_the_same_weights()
    {
        using TempFolder folder = new();
        CompileOptions options = FineTuneTesting.Options(folder) with { Sparsity = 0.5, FineTune = FineTuneMode.Distill, Epochs = 2 };
        CollectionAssert.AreEqual(Lowering.Write(FineTuneTesting.Compress(options).Graph, default),
            Lowering.Write(FineTuneTesting.Compress(options).Graph, default));
    }

    [TestMethod]
    public void Labels_teach_too()
    {
        using TempFolder folder = new();
        CompileOptions options = FineTuneTesting.Options(folder) with { Sparsity = 0.7, FineTune = FineTuneMode.Labels,
            TrainingLabels = Labels(folder, FineTuneTesting.Samples, 0) };
        (_, PassContext context, IReadOnlyList<AppliedPass> passes) = FineTuneTesting.Compress(options);
        StringAssert.Contains(passes.Single(p => p.Name == "FineTuning").Notes.Single().Text, "% right");
        Assert.IsEmpty(((DiagnosticList)context.Diagnostics).Diagnostics);
    }

    [TestMethod]
    public void Training_that_makes_it_worse_is_undone_and_told()
    {
        using TempFolder folder = new();
        CompileOptions options = FineTuneTesting.Options(folder) with { Epochs = 2 };
        options = options with { TrainingData = options.CalibrationData };
        (Graph without, _, _) = FineTuneTesting.Compress(options);
        (Graph trained, PassContext context, _) =
            FineTuneTesting.Compress(options with { FineTune = FineTuneMode.Distill, LearningRate = 1, Optimizer = OptimizerKind.Adam });
        Assert.AreEqual("MOPT4507", ((DiagnosticList)context.Diagnostics).Diagnostics.Single().Descriptor.Code);
        CollectionAssert.AreEqual(Lowering.Write(without, default), Lowering.Write(trained, default));
    }

    [TestMethod]
    public void What_is_missing_or_does_not_fit_is_told()
    {
        using TempFolder folder = new();
        CompileOptions options = FineTuneTesting.Options(folder) with { FineTune = FineTuneMode.Labels };
        Assert.AreEqual("MOPT4502", Code(options));
        Assert.AreEqual("MOPT4503", Code(options with { TrainingLabels = Labels(folder, FineTuneTesting.Samples, 5) }));
        Assert.AreEqual("MOPT3011", Code(options with { TrainingLabels = Labels(folder, FineTuneTesting.Samples - 1, 0) }));
        Assert.AreEqual("MOPT4512", Code(options with { FineTune = FineTuneMode.Distill, EvaluationLabels = "x" }));
        var two = new TestGraph();
        two.Output(two.Add("Add", two.Input("x", 1, 4), two.Input("y", 1, 4)));
        Assert.AreEqual("MOPT4504", Assert.ThrowsExactly<CompilationException>(() =>
            new TrainingSet(two.Build(), options, "TrainingData", options.CalibrationData, null)).Diagnostic.Descriptor.Code);
        Assert.AreEqual("MOPT4501", Code(options with { FineTune = FineTuneMode.Distill, CalibrationData = [] }));

        static string Code(CompileOptions options) =>
            Assert.ThrowsExactly<CompilationException>(() => FineTuneTesting.Compress(options)).Diagnostic.Descriptor.Code;
    }

    [TestMethod]
    public void Data_is_checked_before_anything_is_compressed()
    {
        List<string> phases = [];
        CompileOptions options = QuantizeTesting.SampleOptions with { FineTune = FineTuneMode.Labels };
        CompilationException e = Assert.ThrowsExactly<CompilationException>(() => ModelCompiler.Compile(
            QuantizeTesting.SampleModel, options, new DiagnosticList(), new Phases(phases)));
        Assert.AreEqual("MOPT4502", e.Diagnostic.Descriptor.Code);
        CollectionAssert.AreEqual(new[] { "read", "simplify" }, phases);
    }

    [TestMethod]
    public void A_model_of_one_sample_learns_as_one_of_any_number_does()
    {
        using TempFolder folder = new();
        CompileOptions options = FineTuneTesting.Options(folder) with { Sparsity = 0.7, FineTune = FineTuneMode.Distill, Epochs = 3 };
        (Graph without, PassContext context, _) = FineTuneTesting.Compress(options with { FineTune = FineTuneMode.None }, batch: 1);
        (Graph one, _, IReadOnlyList<AppliedPass> passes) = FineTuneTesting.Compress(options, batch: 1);
        Assert.IsGreaterThan(0, passes.Single(p => p.Name == "FineTuning").Changes);
        Assert.IsLessThan(0.9 * Error(without, context), Error(one, context));

        static double Error(Graph graph, PassContext context) => Enumerable.Range(0, 100).Average(i =>
        {
            Tensor image = TestGraph.RandomTensor(900 + i, 1, 2, 8, 8);
            float[] wanted = new Interpreter(context.Reference!).Run(image)[0].Span<float>().ToArray();
            float[] computed = new Interpreter(graph) { FakeQuantize = true }.Run(image)[0].Span<float>().ToArray();
            return wanted.Zip(computed, (w, c) => (double)(w - c) * (w - c)).Average();
        });
    }

    [TestMethod]
    public void A_model_of_several_samples_is_left_as_it_is()
    {
        using TempFolder folder = new();
        string data = folder.Write("four.npy",
            DataTesting.Npy("<f4", "25, 4, 2, 8, 8", MemoryMarshal.AsBytes(TestGraph.RandomTensor(77, 25, 4, 2, 8, 8).Span<float>())));
        (_, PassContext context, _) = FineTuneTesting.Compress(
            FineTuneTesting.Options(folder) with { CalibrationData = [data], FineTune = FineTuneMode.Distill }, batch: 4);
        Assert.AreEqual("MOPT4509",
            string.Join(' ', ((DiagnosticList)context.Diagnostics).Diagnostics.Select(d => d.Descriptor.Code)));
    }

    private static string Labels(TempFolder folder, int count, int first)
    {
        long[] labels = [.. Enumerable.Range(0, count).Select(i => (long)(first + (i % 5)))];
        return folder.Write($"y{count}{first}.npy", DataTesting.Npy("<i8", $"{count},", MemoryMarshal.AsBytes<long>(labels)));
    }

    private sealed class Phases(List<string> names) : IProgress<CompileProgress>
    {
        public void Report(CompileProgress value) => names.Add(value.Phase);
    }
}
