using ModelOpt.Cli.Bench;
using ModelOpt.Cli.Engines;
using ModelOpt.Cli.Output;
using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Data;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Options;
using ModelOpt.Compiler.Training;

namespace ModelOpt.Reproduce;

/// <summary>
/// The published comparison on MNIST: a float model, and what compression makes of it. Work that was ended goes on where it was: variants
/// that are
/// done have checkpoints until all are.
/// </summary>
/// <param name="folder">Where models and the table are written.</param>
/// <param name="epochs">How often each model is trained with every image.</param>
/// <param name="seconds">How long each of the three times is measured.</param>
internal sealed class MnistComparison(
    MnistData data, string folder, int epochs, double seconds, Terminal terminal, CancellationToken cancellation)
{
    /// <summary>Images of a batch that is timed.</summary>
    public const int Batch = 64;

    private readonly CompileOptions _dataOptions = new()
    {
        TrainingData = [data.TrainingImages], TrainingLabels = data.TrainingLabels, CalibrationData = [data.TrainingImages],
        InputStd = [255],
    };

    /// <summary>Does it all.</summary>
    /// <param name="model">The float model; null to train one.</param>
    /// <returns>The rows.</returns>
    /// <exception cref="CompilationException">The data or the model is not what it should be.</exception>
    public IReadOnlyList<MnistResult> Run(string? model)
    {
        List<string> checkpoints = [];
        model ??= TrainBase(checkpoints);
        IReadOnlyList<MnistVariant> variants = MnistVariant.All(epochs);
        List<(MnistVariant Variant, CompiledModel Model)> compiled = [];
        foreach (MnistVariant variant in variants)
        {
            string stem = Path.Combine(folder, variant.Name), checkpoint = $"{stem}.checkpoint";
            checkpoints.Add(checkpoint);
            CompileOptions options = variant.Options with
            {
                CalibrationData = _dataOptions.CalibrationData, InputStd = _dataOptions.InputStd, CheckpointFile = checkpoint,
            };
            if (options.FineTune is not null)
                options = options with { TrainingData = _dataOptions.TrainingData, TrainingLabels = _dataOptions.TrainingLabels };
            CompiledModel result = ModelCompiler.Compile(
                model, options, terminal, new Named($"{compiled.Count + 1}/{variants.Count} {variant.Name}", terminal), cancellation);
            ArtifactSet.Write(
                ($"{stem}.tflite", result.Tflite), ($"{stem}.embedded", result.Embedded), ($"{stem}.report.json", result.Report.ToJson()));
            compiled.Add((variant, result));
        }

        List<MnistResult> results = [.. compiled.Select(c => new MnistResult(
            c.Variant, Right(c.Variant.Name, c.Model.Tflite, out int tested), tested, c.Model.Report.OnnxBytes, c.Model.Tflite.LongLength,
            c.Model.Report.ZipBytes, c.Model.Report.EmbeddedBytes))];
        byte[][] files = [.. compiled.Select(c => c.Model.Tflite)];
        double[] single = Times(files, 1, 1), batch = Times(files, 1, Batch), threaded = Times(files, Environment.ProcessorCount, Batch);
        results = [.. results.Select((r, i) => r with { Single = single[i], Batch = batch[i], ThreadedBatch = threaded[i] })];
        string machine = $"{Machine.Processor()}, {Environment.ProcessorCount} threads, {Machine.Tier()}";
        ArtifactSet.Write(
            (Path.Combine(folder, "mnist.md"),
                MnistResult.Markdown(results, MnistResult.Columns(Batch, Environment.ProcessorCount), machine)),
            (Path.Combine(folder, "mnist.json"), MnistResult.Json(results, machine, Batch, Environment.ProcessorCount)));
        checkpoints.ForEach(Checkpoint.Delete);
        return results;
    }

    private string TrainBase(List<string> checkpoints)
    {
        string network = Path.Combine(folder, "network.onnx"), trained = Path.Combine(folder, "float.onnx");
        checkpoints.Add($"{trained}.checkpoint");
        ArtifactSet.Write((network, MnistVariant.Network()));
        TrainedModel result = ModelTrainer.Train(
            network, _dataOptions with { Epochs = epochs, CheckpointFile = $"{trained}.checkpoint" }, fromScratch: true, terminal,
            new Named("float", terminal), cancellation);
        ArtifactSet.Write((trained, result.Onnx));
        return trained;
    }

    private int Right(string name, byte[] tflite, out int tested)
    {
        using ModelOptEngine engine = new(name, tflite);
        using InputSamples images = InputSamples.Open(
            [data.TestImages], engine.Input, new SampleFormat(_dataOptions.InputMean, _dataOptions.InputStd, DataLayout.Auto));
        int[] labels = LabelSource.Read(data.TestLabels);
        if (labels.Length != images.Count)
            throw new CompilationException(DataDiagnostics.LabelCountMismatch.At(data.TestLabels, null, labels.Length, images.Count));
        tested = images.Count;
        int right = 0;
        for (int i = 0; i < tested; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            if (i % Batch == 0) terminal.Report(new CompileProgress($"evaluate {name}", i, tested));
            if (ClassScores.Best(engine.Run(images.Read(i))) == labels[i]) right++;
        }

        return right;
    }

    /// <summary>Median times of one image, in milliseconds, all models in turns.</summary>
    private double[] Times(byte[][] files, int threads, int batch)
    {
        ModelOptContender[] contenders = [.. files.Select(file => new ModelOptContender("mnist", file, threads, batch))];
        try
        {
            Timings[] timings = new InterleavedTimer(threads).Measure(
                contenders, seconds, done => terminal.Report(new CompileProgress("measure %", (int)(100 * done), 100)), cancellation);
            return [.. timings.Select(t => t.Median / batch)];
        }
        finally
        {
            foreach (ModelOptContender contender in contenders) contender.Dispose();
        }
    }

    /// <summary>Says which model progress is of.</summary>
    private sealed class Named(string name, Terminal terminal) : IProgress<CompileProgress>
    {
        public void Report(CompileProgress value) => terminal.Report(value with { Phase = $"{name}: {value.Phase}" });
    }
}
