using System.Text.Json;
using System.Text.RegularExpressions;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Onnx;

namespace ModelOpt.Cli.Tests.Commands;

/// <summary>What <c>--json</c> prints is one object of the fields that are documented.</summary>
[TestClass]
internal sealed class JsonTests
{
    // Without the row of the command that is asked for, a field is not documented.
    private static readonly string Page = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "cli.md"));

    [TestMethod]
    public void Each_command_prints_one_object_of_documented_fields()
    {
        using var folder = new TempFolder();
        string onnx = folder.WriteBrightest(), images = folder.WriteImages(), tflite = folder["out/brightest.tflite"];
        JsonElement compressed = Run("compress", onnx, "-o", folder["out"], "--quantization", "none", "--calibration", images);
        Assert.AreEqual(new FileInfo(tflite).Length, compressed.GetProperty("files")[0].GetProperty("bytes").GetInt64());
        // In a build, it is CalibrationData.
        JsonElement unused = compressed.GetProperty("diagnostics").EnumerateArray()
            .Single(d => d.GetProperty("message").GetString()!.StartsWith("--calibration is set", StringComparison.Ordinal));
        Assert.AreEqual(onnx, unused.GetProperty("file").GetString());

        JsonElement inspected = Run("inspect", onnx);
        JsonElement dense = inspected.GetProperty("layers").EnumerateArray().Single(l => l.GetProperty("operator").GetString() == "Gemm");
        Assert.AreEqual((16, 0.75), (dense.GetProperty("macs").GetInt32(), dense.GetProperty("weights").GetProperty("zero").GetDouble()));
        Assert.AreEqual(JsonValueKind.Null, inspected.GetProperty("refusal").ValueKind);
        Assert.AreEqual("TFLite", Run("inspect", tflite).GetProperty("format").GetString());

        JsonElement evaluated = Run(
            "evaluate", tflite, "--data", images, "--labels", folder.WriteLabels(), "--reference", onnx);
        Assert.AreEqual((7, 0.875), (evaluated.GetProperty("right").GetInt32(), evaluated.GetProperty("top1").GetDouble()));
        Assert.AreEqual(8, evaluated.GetProperty("reference").GetProperty("same").GetInt32());

        JsonElement measured = Run(
            "bench", tflite, "--seconds", "0.02", "--layers", "--threads", "1,2", "--against", $"onnxruntime:{onnx}");
        Assert.AreEqual(2, measured.GetProperty("runs").GetArrayLength());
        JsonElement run = measured.GetProperty("runs")[0];
        double median = run.GetProperty("engines")[0].GetProperty("median").GetDouble();
        Assert.AreEqual(
            median / run.GetProperty("engines")[1].GetProperty("median").GetDouble(), run.GetProperty("ratio").GetDouble(), 1e-9);
        Assert.IsGreaterThan(0, measured.GetProperty("starts")[1].GetProperty("megabytes").GetDouble());
    }

    [TestMethod]
    public void A_refused_model_is_an_object_and_an_error_and_a_failure_is_an_error_alone()
    {
        using var folder = new TempFolder();
        var graph = new TestGraph();
        Value x = graph.Input("x", -1, 3, 8, 8);
        graph.Output(graph.Add("ConvTranspose", x, graph.Add("Relu", graph.Input("w", 3, 4, 2, 2))));
        CliResult result = CliTesting.Run("inspect", folder.Write("no.onnx", OnnxWriter.Write(graph.Build())), "--json");
        Assert.AreEqual(1, result.ExitCode);
        StringAssert.Contains(result.Error, "error MOPT2006");
        Assert.AreEqual("MOPT2006", JsonDocument.Parse(result.Output).RootElement.GetProperty("refusal").GetString());

        CliResult absent = CliTesting.Run("inspect", folder["absent.onnx"], "--json");
        Assert.AreEqual((1, ""), (absent.ExitCode, absent.Output));
    }

    private static JsonElement Run(params string[] arguments)
    {
        CliResult result = CliTesting.Run([.. arguments, "--json"]);
        Assert.AreEqual(0, result.ExitCode, result.Error);
        JsonElement root = JsonDocument.Parse(result.Output).RootElement;
        Check(root, arguments[0]);
        return root;
    }

    private static void Check(JsonElement element, string command)
    {
        if (element.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement item in element.EnumerateArray()) Check(item, command);
        }

        if (element.ValueKind != JsonValueKind.Object) return;
        string section = Regex.Match(Page, $@"^\| `{command}` \|[^\n]*\n(\| \|[^\n]*\n)*", RegexOptions.Multiline).Value
            + Regex.Match(Page, @"^\| all \|[^\n]*\n(\| \|[^\n]*\n)*", RegexOptions.Multiline).Value;
        foreach (JsonProperty property in element.EnumerateObject())
        {
            StringAssert.Contains(section, $"`{property.Name}`", $"{command} --json");
            Check(property.Value, command);
        }
    }
}
