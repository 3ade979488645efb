using System.CommandLine;
using System.Globalization;
using ModelOpt.Cli.Options;
using ModelOpt.Cli.Output;
using ModelOpt.Compiler.Compile;
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
        var catalog = new CatalogOptions(o => o.Name
            is nameof(ModelOptions.Seed) or nameof(CompileOptions.Recipe)
            or nameof(CompileOptions.InputMean) or nameof(CompileOptions.InputStd) or nameof(CompileOptions.DataLayout)
            || OptionCatalog.LeaderOf(o)?.Name == nameof(ModelOptions.FineTune));
        Option data = catalog[nameof(CompileOptions.TrainingData)], labels = catalog[nameof(CompileOptions.TrainingLabels)];
        data.Required = true;
        data.Description = "Samples to train with: a .npy, .npz (data.npz#name) or IDX file (perhaps .gz), or a folder of .png images; "
            + "once for each input.";
        labels.Description = "Class number of each sample, as 'evaluate' takes them, or a float array of what the output should be. "
            + "Default: the subfolders of the images.";
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
        catalog.AddTo(command);
        command.SetAction((parsed, cancellation) => terminal.RunAsync(parsed.GetRequiredValue(model), () =>
        {
            CompileOptions options = catalog.In(parsed);
            options = options with
            {
                TrainingLabels = options.TrainingLabels ?? FolderOf(options.TrainingData),
                EvaluationLabels = options.EvaluationLabels ?? FolderOf(options.EvaluationData),
            };
            Run(
                parsed.GetRequiredValue(model), parsed.GetRequiredValue(output), options, parsed.GetValue(fromScratch), terminal,
                cancellation);
        }));
        return command;
    }

    /// <summary>Images in a folder with a subfolder per class need no labels.</summary>
    private static string? FolderOf(IReadOnlyList<string> data) => data is [{ } folder] && Directory.Exists(folder) ? folder : null;

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
