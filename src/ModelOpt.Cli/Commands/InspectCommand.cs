using System.CommandLine;
using System.Globalization;

namespace ModelOpt.Cli.Commands;

/// <summary><c>modelopt inspect</c>: what a model consists of and what a build would do with it.</summary>
internal static class InspectCommand
{
    public static Command Create(Terminal terminal)
    {
        var model = new Argument<string>("MODEL") { Description = "The model: a .onnx or .tflite file." };
        var command = new Command(
            "inspect",
            """
            Prints a model's layers: operators, shapes, parameters, multiply-accumulates (MACs) of one sample and bytes; what
            will not be compressed, and why; and the recipe that a build would use.
            """)
        {
            model,
        };
        command.SetAction((parsed, cancellation) =>
        {
            string file = parsed.GetRequiredValue(model);
            return terminal.RunAsync(file, () => Print(
                ModelFile.IsTflite(file) ? TfliteInspector.Inspect(file) : OnnxInspector.Inspect(file, terminal, cancellation),
                terminal));
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
        foreach (string note in inspection.Notes) terminal.WriteResult(note);
    }

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
