using System.CommandLine;
using System.Globalization;
using ModelOpt.Cli.Options;
using ModelOpt.Cli.Output;
using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Data;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Options;
using ModelOpt.Compiler.Training;

namespace ModelOpt.Cli.Commands;

/// <summary><c>modelopt train</c>: a float model learns from labels.</summary>
internal static class TrainCommand
{
    public static Command Create(Terminal terminal)
    {
        var model = new Argument<string>("MODEL") { Description = "The model: a .onnx file." };
        var output = new Option<string>("--output", "-o")
        {
            Description = "The .onnx file to write.",
            HelpName = "OUT.onnx",
            Required = true,
        };
        var fromScratch = new Option<bool>("--from-scratch")
        {
            Description = string.Create(CultureInfo.InvariantCulture,
                $"Starts from new random weights instead of the model's. Default learning rate then: {ModelTrainer.FreshLearningRate}."),
        };
        var mean = CliOptions.Mean();
        var std = CliOptions.Std();
        var layout = CliOptions.DataLayout();
        var training = new TrainingDataOptions(isTrain: true);
        var catalog = new CompressionOptions(o =>
            o.Name == nameof(ModelOptions.Seed) || OptionCatalog.LeaderOf(o)?.Name == nameof(ModelOptions.FineTune));
        var command = new HeadedCommand("train",
            """
            Trains a float model: with cross-entropy where the labels are class numbers, with the mean squared error where they
            are a float array of the output's shape. Judges the model after each epoch on samples that it is not trained with,
            and writes the best.

            Example: modelopt train mnist_cnn.onnx -o trained.onnx --training-data train-images-idx3-ubyte.gz
                       --training-labels train-labels-idx1-ubyte.gz --std 255 --from-scratch --epochs 5
            """)
        {
            model, output, fromScratch,
        };
        training.AddTo(command);
        foreach (Option option in (Option[])[mean, std, layout]) command.Add("Data", option);
        catalog.AddCatalog(command);
        command.SetAction((parsed, cancellation) => terminal.RunAsync(parsed.GetRequiredValue(model), () =>
        {
            SampleFormat format = CliOptions.Format(parsed, mean, std, layout);
            CompileOptions options = catalog.In(training.In(new CompileOptions(), parsed), parsed) with
            {
                InputMean = format.Mean,
                InputStd = format.Std,
                DataLayout = format.Layout,
            };
            Run(
                parsed.GetRequiredValue(model), parsed.GetRequiredValue(output), options, parsed.GetValue(fromScratch), terminal,
                cancellation);
        }));
        return command;
    }

    private static void Run(
        string model, string output, CompileOptions options, bool fromScratch, Terminal terminal, CancellationToken cancellation)
    {
        if (Path.GetFullPath(output) == Path.GetFullPath(model))
            throw new CompilationException(EvaluationDiagnostics.OverwritesModel.At(model, null, output));
        options = options with { CheckpointFile = $"{output}.checkpoint" };
        terminal.Checkpoint = options.CheckpointFile;
        TrainedModel trained = ModelTrainer.Train(model, options, fromScratch, terminal, terminal, cancellation);
        cancellation.ThrowIfCancellationRequested();
        ArtifactSet.Write((output, trained.Onnx));
        Checkpoint.Delete(options.CheckpointFile);
        terminal.WriteResult($"before  {trained.Began}");
        terminal.WriteResult(string.Create(
            CultureInfo.InvariantCulture, $"after   {trained.Best}, epoch {trained.BestEpoch} of {trained.Epochs}"));
        terminal.WriteResult($"written to {output}");
    }
}
