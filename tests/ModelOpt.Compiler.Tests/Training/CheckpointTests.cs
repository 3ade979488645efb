using System.Runtime.InteropServices;
using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Tests.Data;

namespace ModelOpt.Compiler.Tests.Training;

/// <summary>Work that is cancelled and done again gives the same bytes as work that is done at once, and does not begin anew.</summary>
[TestClass]
internal sealed class CheckpointTests
{
    // Nine tenths are trained with, 16 a step: five steps an epoch, 20 in all.
    private const int Samples = 96, Steps = 20;

    [TestMethod]
    [DataRow(OptimizerKind.Adam, 1)]
    [DataRow(OptimizerKind.Adam, 7)]
    [DataRow(OptimizerKind.Adam, 10)]
    [DataRow(OptimizerKind.Sgd, 13)]
    [DataRow(OptimizerKind.AdamW, 20)]
    public void Training_goes_on_where_it_was(OptimizerKind optimizer, int step)
    {
        using TempFolder folder = new();
        CompileOptions options = Options(folder) with { Optimizer = optimizer, Augmentation = Augmentation.FlipCrop };
        byte[] expected = Train(folder, options, 0).Result!;
        options = options with { CheckpointFile = folder["new/c"] };
        Assert.IsNull(Train(folder, options, step).Result);
        Assert.IsTrue(File.Exists(options.CheckpointFile));
        Assert.IsFalse(File.Exists(options.CheckpointFile + ".tmp"));
        (byte[]? result, int first) = Train(folder, options, 0);
        Assert.AreEqual(step == Steps ? 0 : step + 1, first);
        CollectionAssert.AreEqual(expected, result);
        // The caller deletes it: until then, what is done is not done again.
        Assert.AreEqual((true, 0), (expected.SequenceEqual(Train(folder, options, 0).Result!), Train(folder, options, 0).First));
        File.Delete(options.CheckpointFile);
        Assert.AreEqual(1, Train(folder, options, 0).First);
    }

    [TestMethod]
    public void It_may_be_ended_again_and_again()
    {
        using TempFolder folder = new();
        CompileOptions options = Options(folder) with { EarlyStop = 2 };
        byte[] expected = Train(folder, options, 0).Result!;
        options = options with { CheckpointFile = folder["c"] };
        byte[]? result = null;
        for (int step = 2; result is null; step += 2) result = Train(folder, options, step).Result;
        CollectionAssert.AreEqual(expected, result);
    }

    [TestMethod]
    [DataRow(QuantizationMode.Int8, true)]
    [DataRow(QuantizationMode.None, true)]
    [DataRow(QuantizationMode.Float16, false)]
    public void Compression_goes_on_where_it_was(QuantizationMode quantization, bool isClustered)
    {
        using TempFolder folder = new();
        CompileOptions options = Options(folder) with
        {
            Quantization = quantization, FineTune = FineTuneMode.Distill, Sparsity = 0.5, Clusters = isClustered ? 12 : null,
            PruningCriterion = PruningCriterion.Magnitude, LearningRate = 0.01, TrainingLabels = null,
        };
        options = options with { CalibrationData = options.TrainingData };
        CompiledModel expected = Compile(0).Result!;
        options = options with { CheckpointFile = folder["c"] };
        Assert.IsNull(Compile(12).Result);
        (CompiledModel? result, int first) = Compile(0);
        Assert.AreEqual(13, first);
        CollectionAssert.AreEqual(expected.Tflite, result!.Tflite);
        CollectionAssert.AreEqual(expected.Onnx, result.Onnx);
        CollectionAssert.AreEqual(expected.Report.ToJson(), result.Report.ToJson());

        (CompiledModel? Result, int First) Compile(int step) => Run(step, "fine-tune", (progress, cancellation) =>
            ModelCompiler.Compile(Model(folder), options, new DiagnosticList(), progress, cancellation));
    }

    [TestMethod]
    public void That_of_another_model_other_options_or_other_data_is_of_no_account()
    {
        using TempFolder folder = new();
        CompileOptions options = Options(folder) with { CheckpointFile = folder["c"] };
        Train(folder, options, 12);
        byte[] checkpoint = File.ReadAllBytes(options.CheckpointFile);
        Assert.AreEqual(13, First(options));
        Assert.AreEqual(13, First(options with { TrainingData = [folder.Write("moved.npy", File.ReadAllBytes(options.TrainingData[0]))] }));
        Assert.AreEqual(1, First(options with { LearningRate = 0.04 }));
        Assert.AreEqual(1, First(options with { Seed = 1 }));
        Assert.AreEqual(1, First(options with { InputStd = [2] }));
        byte[] labels = File.ReadAllBytes(options.TrainingLabels!), data = File.ReadAllBytes(options.TrainingData[0]);
        labels[^8] ^= 1;
        data[^1] ^= 1;
        Assert.AreEqual(1, First(options with { TrainingLabels = folder.Write("labels.npy", labels) }));
        Assert.AreEqual(1, First(options with { TrainingData = [folder.Write("data.npy", data)] }));
        Assert.AreEqual(1, Train(folder, options, 3, seed: 2).First);

        int First(CompileOptions o)
        {
            File.WriteAllBytes(options.CheckpointFile, checkpoint);
            return Train(folder, o, 13).First;
        }
    }

    [TestMethod]
    public void A_damaged_one_is_told_and_of_no_account()
    {
        using TempFolder folder = new();
        CompileOptions options = Options(folder) with { CheckpointFile = folder["c"] };
        byte[] expected = Train(folder, options, 0).Result!;
        byte[] whole = File.ReadAllBytes(options.CheckpointFile);
        byte[] flipped = [.. whole];
        flipped[whole.Length / 2] ^= 4;
        foreach (byte[] damaged in new[] { flipped, whole[..^1], whole[..20], [], [.. whole, 0] })
        {
            File.WriteAllBytes(options.CheckpointFile, damaged);
            DiagnosticList diagnostics = new();
            (byte[]? result, int first) = Train(folder, options, 0, diagnostics);
            Assert.AreEqual("MOPT4606", diagnostics.Diagnostics.Single().Descriptor.Code);
            Assert.AreEqual(1, first);
            CollectionAssert.AreEqual(expected, result);
            CollectionAssert.AreEqual(whole, File.ReadAllBytes(options.CheckpointFile));
        }
    }

    [TestMethod]
    public void Where_it_cannot_be_written_training_goes_on()
    {
        using TempFolder folder = new();
        CompileOptions options = Options(folder);
        byte[] expected = Train(folder, options, 0).Result!;
        DiagnosticList diagnostics = new();
        folder.Write("file", [1]);
        CollectionAssert.AreEqual(expected, Train(folder, options with { CheckpointFile = folder["file/c"] }, 0, diagnostics).Result);
        Assert.AreEqual("MOPT4607", diagnostics.Diagnostics.Single().Descriptor.Code);
    }

    [TestMethod]
    public void Training_that_fails_leaves_none()
    {
        using TempFolder folder = new();
        CompileOptions options = Options(folder) with { CheckpointFile = folder["c"], InputStd = [4e-39f], Optimizer = OptimizerKind.Sgd,
            LearningRate = 1 };
        Assert.ThrowsExactly<CompilationException>(() => Train(folder, options, 0));
        Assert.IsFalse(File.Exists(options.CheckpointFile));
    }

    private static (byte[]? Result, int First) Train(
        TempFolder folder, CompileOptions options, int step, DiagnosticList? diagnostics = null, int seed = 1)
    {
        string model = Model(folder, seed);
        return Run(step, "train", (progress, cancellation) =>
            ModelTrainer.Train(model, options, fromScratch: false, diagnostics ?? new DiagnosticList(), progress, cancellation).Onnx);
    }

    /// <summary>Does work, cancelled after a step where it is not 0; tells the first step that was done, 0 for none.</summary>
    private static (T? Result, int First) Run<T>(int step, string phase, Func<IProgress<CompileProgress>, CancellationToken, T> work)
    {
        using CancellationTokenSource source = new();
        Progress progress = new(phase, step, source);
        try
        {
            return (work(progress, source.Token), progress.First);
        }
        catch (OperationCanceledException)
        {
            return (default, progress.First);
        }
    }

    private static string Model(TempFolder folder, int seed = 1)
    {
        var g = new TestGraph();
        Value y = g.Add("Conv", [g.Input("x", -1, 1, 8, 8), g.Random(seed, 6, 1, 3, 3), g.Random(2, 6)], ("pads", new[] { 1, 1, 1, 1 }));
        y = g.Add("BatchNormalization", y, g.Random(7, 6), g.Random(8, 6), g.Random(9, 6), g.Floats(1, 2, 1, 2, 1, 2));
        y = g.Add("AveragePool", [g.Add("Relu", y)], ("kernel_shape", new[] { 4, 4 }), ("strides", new[] { 4, 4 }));
        g.Output(g.Add("Gemm", [g.Add("Flatten", y), g.Random(3, 4, 24), g.Random(4, 4)], ("transB", 1)));
        return folder.Write($"m{seed}.onnx", OnnxWriter.Write(g.Build()));
    }

    private static CompileOptions Options(TempFolder folder)
    {
        Tensor images = TestGraph.RandomTensor(77, Samples, 1, 8, 8);
        long[] labels = [.. Enumerable.Range(0, Samples).Select(n => (long)(images.Span<float>()[n * 64] > 0 ? 1 : 3))];
        return new()
        {
            TrainingData = [folder.Write("x.npy",
                DataTesting.Npy("<f4", $"{Samples}, 1, 8, 8", MemoryMarshal.AsBytes(images.Span<float>())))],
            TrainingLabels = folder.Write("y.npy", DataTesting.Npy("<i8", $"{Samples},", MemoryMarshal.AsBytes<long>(labels))),
            Epochs = 4, BatchSize = 16, LearningRate = 0.05,
        };
    }

    private sealed class Progress(string phase, int last, CancellationTokenSource source) : IProgress<CompileProgress>
    {
        public int First { get; private set; }

        public void Report(CompileProgress value)
        {
            if (!value.Phase.StartsWith($"{phase} (", StringComparison.Ordinal)) return;
            if (First == 0) First = value.Done;
            if (value.Done == last) source.Cancel();
        }
    }
}
