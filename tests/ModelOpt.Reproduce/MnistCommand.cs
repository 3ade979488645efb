using System.CommandLine;
using ModelOpt.Cli.Commands;
using ModelOpt.Cli.Options;
using ModelOpt.Cli.Output;

namespace ModelOpt.Reproduce;

/// <summary>Does the published comparison on MNIST again.</summary>
internal static class MnistCommand
{
    private const int DefaultEpochs = 10;
    private const double DefaultSeconds = 6;

    public static RootCommand Create(Terminal terminal)
    {
        var data = new Option<string>("--data")
        {
            Description = "The folder of MNIST's four IDX files (train-images…, train-labels…, t10k-images…, t10k-labels…, perhaps .gz).",
            HelpName = "DIR",
            Required = true,
        };
        var output = new Option<string>("--output", "-o")
        {
            Description = "The folder that models, mnist.md and mnist.json are written to.",
            HelpName = "DIR",
            Required = true,
        };
        var model = new Option<string?>("--model")
        {
            Description = "The float model, a .onnx file that takes images of 0…1. Without it, one is trained.",
            HelpName = "MODEL",
        };
        Option<int> epochs = CliOptions.Count("--epochs", $"How often each model is trained with every image. Default: {DefaultEpochs}.");
        Option<double> seconds = CliOptions.Parsed("--seconds", "S",
            $"How long each of the three times is measured. Default: {DefaultSeconds}.", BenchCommand.ReadSeconds);
        var command = new RootCommand(
            """
            Trains a small network on MNIST, compresses it in the ways of the published pipeline and others, and prints accuracy,
            sizes and times beside the published figures: base, pruned, QAT, pruned and QAT, clustered, PCQAT.
            """)
        {
            data, output, model, epochs, seconds,
        };
        command.SetAction((parsed, cancellation) => terminal.RunAsync(parsed.GetRequiredValue(data), () =>
        {
            string folder = parsed.GetRequiredValue(output);
            IReadOnlyList<MnistResult> results = new MnistComparison(
                MnistData.In(parsed.GetRequiredValue(data)), folder,
                parsed.GetValue(epochs) is > 0 and int given ? given : DefaultEpochs,
                parsed.GetValue(seconds) is > 0 and double time ? time : DefaultSeconds, terminal,
                cancellation).Run(parsed.GetValue(model));
            terminal.WriteTable(MnistResult.Columns(MnistComparison.Batch, Environment.ProcessorCount), results.Select(r => r.Row()));
            terminal.WriteResult($"written to {Path.Combine(folder, "mnist.md")}");
        }));
        return command;
    }
}
