using System.CommandLine;
using System.Globalization;
using ModelOpt.Cli.Options;
using ModelOpt.Cli.Output;
using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Options;
using ModelOpt.Compiler.Training;

namespace ModelOpt.Cli.Commands;

/// <summary><c>modelopt compress</c>: an ONNX model to TFLite, QDQ ONNX and a report.</summary>
internal static class CompressCommand
{
    public static Command Create(Terminal terminal)
    {
        var model = new Argument<string>("MODEL") { Description = "The model: a .onnx or .tflite file." };
        var output = new Option<string>("--output", "-o")
        {
            Description = "The folder that NAME.tflite, NAME.onnx, NAME.report.json and NAME.report.html are written to, NAME being the "
                + "model's.",
            HelpName = "DIR",
            Required = true,
        };
        Option<bool> json = CliOptions.Json();
        var catalog = new CatalogOptions();
        var command = new HeadedCommand("compress",
            """
            Compresses an ONNX model: writes it as TFLite, as ONNX with QuantizeLinear/DequantizeLinear pairs, and a report.

            Example: modelopt compress squeezenet.onnx -o out --calibration train.npy
                       --mean 123.675,116.28,103.53 --std 58.395,57.12,57.375
                       --sparsity 0.5 --sparsity-pattern 1x4 --clusters 16
            """)
        {
            model, output, json,
        };
        catalog.AddTo(command);
        command.SetAction((parsed, cancellation) => terminal.RunAsync(parsed.GetRequiredValue(model), () =>
            Run(parsed.GetRequiredValue(model), parsed.GetRequiredValue(output), catalog.In(parsed), parsed.GetValue(json), terminal,
                cancellation)));
        return command;
    }

    private static void Run(
        string model, string folder, CompileOptions options, bool json, Terminal terminal, CancellationToken cancellation)
    {
        string stem = Path.Combine(folder, Path.GetFileNameWithoutExtension(model));
        foreach (string written in (string[])[$"{stem}.onnx", $"{stem}.tflite"])
        {
            if (Path.GetFullPath(written) == Path.GetFullPath(model))
                throw new CompilationException(EvaluationDiagnostics.OverwritesModel.At(model, null, written));
        }

        options = options with { CheckpointFile = $"{stem}.checkpoint" };
        terminal.Checkpoint = options.CheckpointFile;
        CompiledModel compiled = ModelCompiler.Compile(model, options, terminal, terminal, cancellation);
        cancellation.ThrowIfCancellationRequested();
        (string Path, byte[] Content)[] files =
            [
                ($"{stem}.tflite", compiled.Tflite), ($"{stem}.onnx", compiled.Onnx),
                ($"{stem}.report.json", compiled.Report.ToJson()), ($"{stem}.report.html", compiled.Report.ToHtml()),
            ];
        ArtifactSet.Write(files);
        Checkpoint.Delete(options.CheckpointFile);

        if (json) terminal.WriteJson(Json(model, files, compiled));
        else Print(model, files, compiled, terminal);
    }

    private static object Json(string model, (string Path, byte[] Content)[] files, CompiledModel compiled) => new
    {
        model,
        bytes = compiled.Report.OnnxBytes,
        files = files.Select(file => new { file.Path, bytes = file.Content.Length }),
        zipBytes = compiled.Report.ZipBytes,
        embeddedBytes = compiled.Report.EmbeddedBytes,
    };

    private static void Print(string model, (string Path, byte[] Content)[] files, CompiledModel compiled, Terminal terminal)
    {
        double original = compiled.Report.OnnxBytes;
        terminal.WriteTable(
            ["file", ">bytes", ">of the original"],
            [
                [model, Number(compiled.Report.OnnxBytes), ""],
                .. files.Select((file, i) => (string[])[
                    file.Path, Number(file.Content.Length), i < 2 ? Share(file.Content.Length) : ""]),
                ["the .tflite in a ZIP archive", Number(compiled.Report.ZipBytes), Share(compiled.Report.ZipBytes)],
                ["the .tflite as a build embeds it", Number(compiled.Report.EmbeddedBytes), Share(compiled.Report.EmbeddedBytes)],
            ]);

        string Share(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{100 * bytes / original:F1} %");
    }

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
