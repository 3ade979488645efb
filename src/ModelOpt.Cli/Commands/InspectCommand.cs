using System.CommandLine;
using System.Globalization;
using ModelOpt.Cli.Models;
using ModelOpt.Cli.Options;
using ModelOpt.Cli.Output;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Emit.Reports;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Cli.Commands;

/// <summary><c>modelopt inspect</c>: prints a model's parts and how a build would compress it.</summary>
internal static class InspectCommand
{
    public static Command Create(Terminal terminal)
    {
        var model = new Argument<string>("MODEL") { Description = "The model: a .onnx or .tflite file, or the .embedded one of a build." };
        var catalog = new CatalogOptions(o => o.IsOfRecipes || o.Name is nameof(CompileOptions.Recipe)
            or nameof(CompileOptions.InputShape) or nameof(CompileOptions.InputValues));
        Option<bool> json = CliOptions.Json();
        var command = new HeadedCommand(
            "inspect",
            """
            Prints a model's layers: operators, shapes, parameters, multiply-accumulates (MACs) of one sample and bytes; of
            weights, how many are zero, in which pattern, how many values differ and what bits they take; for an ONNX model,
            what will not be compressed, and why, and the recipe that a build with these options would use. If a build
            would refuse the model, prints its error.

            Example: modelopt inspect squeezenet.onnx --sparsity 0.5 --sparsity-pattern 1x4
            """)
        {
            model,
        };
        command.Options.Add(json);
        catalog.AddTo(command);
        command.SetAction((parsed, cancellation) =>
        {
            string file = parsed.GetRequiredValue(model);
            return terminal.RunAsync(file, () =>
            {
                Inspection inspection = ModelFile.FormatOf(file) == ModelFormat.Onnx || catalog.FirstGiven(parsed) is not null
                    ? BuildInspector.Inspect(file, catalog.In(parsed), terminal, cancellation)
                    : TfliteInspector.Inspect(file, terminal, cancellation);
                if (parsed.GetValue(json)) terminal.WriteJson(Json(file, inspection));
                else Print(inspection, terminal);
                if (inspection.Refusal is { } refusal) throw refusal;
            });
        });
        return command;
    }

    private static void Print(Inspection inspection, Terminal terminal)
    {
        terminal.WriteResult($"{inspection.Format}, {Number(inspection.FileBytes)} bytes");
        foreach (string input in inspection.Inputs) terminal.WriteResult($"input   {input}");
        foreach (string output in inspection.Outputs) terminal.WriteResult($"output  {output}");
        terminal.WriteResult("");
        IReadOnlyList<InspectedLayer> layers = inspection.Layers;
        terminal.WriteTable(
            ["layer", "operator", "output", ">parameters", ">MACs", ">bytes", "form"],
            [
                .. layers.Select(layer => (string[])[
                    layer.Name, layer.Operator, layer.Output,
                    Number(layer.Parameters), Number(layer.Macs), Number(layer.Bytes), layer.Form]),
                [
                    "total", "", "",
                    Number(layers.Sum(l => l.Parameters)), Number(layers.Sum(l => l.Macs)), Number(layers.Sum(l => l.Bytes)), ""],
            ]);
        terminal.WriteResult("");
        PrintWeights(layers, terminal);
        foreach (string note in inspection.Notes) terminal.WriteResult(OptionSpelling.AtCommandLine(note));
    }

    private static object Json(string model, Inspection inspection) => new
    {
        model,
        inspection.Format,
        bytes = inspection.FileBytes,
        inspection.Inputs,
        inspection.Outputs,
        parameters = inspection.Layers.Sum(l => l.Parameters),
        macs = inspection.Layers.Sum(l => l.Macs),
        layers = inspection.Layers.Select(l => new
        {
            l.Name,
            l.Operator,
            l.Output,
            l.Parameters,
            l.Macs,
            l.Bytes,
            l.Form,
            weights = l.Weight is not { } weight ? null : new
            {
                weight.Count,
                zero = weight.Sparsity,
                pattern = weight.PatternText,
                values = weight.Distinct,
                valuesInChannel = weight.DistinctInChannel,
                weight.Bits,
                weight.Entropy,
            },
        }),
        notes = inspection.Notes.Select(OptionSpelling.AtCommandLine),
        refusal = inspection.Refusal?.Diagnostic.Descriptor.Code,
    };

    private static void PrintWeights(IReadOnlyList<InspectedLayer> layers, Terminal terminal)
    {
        InspectedLayer[] weighted = [.. layers.Where(l => l.Weight is not null)];
        if (weighted.Length == 0) return;
        WeightStatistics[] all = [.. weighted.Select(l => l.Weight!)];
        double count = Math.Max(1, all.Sum(w => (long)w.Count));
        terminal.WriteTable(
            ["weights of layer", ">weights", ">zero", "pattern", ">values", ">in a channel", ">bits", ">entropy"],
            [
                .. weighted.Select(layer => (string[])[
                    layer.Name, Number(layer.Weight!.Count), Percent(layer.Weight.Sparsity), layer.Weight.PatternText,
                    Number(layer.Weight.Distinct), Number(layer.Weight.DistinctInChannel), Number(layer.Weight.Bits),
                    Bits(layer.Weight.Entropy)]),
                [
                    "total", Number(all.Sum(w => (long)w.Count)), Percent(all.Sum(w => (long)w.Zeros) / count), "", "", "",
                    Bits(all.Sum(w => (double)w.Bits * w.Count) / count), Bits(all.Sum(w => w.Entropy * w.Count) / count)],
            ]);
        terminal.WriteResult("Pattern: what zeros keep to more than by chance, and how many of them; N:M and RxC are explained in "
            + "docs/recipes.md.");
        terminal.WriteResult("Values: how many are different, in the layer and at most in one output channel. Bits: of a weight in the "
            + "file;");
        terminal.WriteResult("entropy: of a weight at least, if each is coded by itself.");
        terminal.WriteResult("");
    }

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:F1} %");

    private static string Bits(double bits) => bits.ToString("0.00", CultureInfo.InvariantCulture);

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
