using System.Text.Json;
using ModelOpt.Cli.Output;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Onnx;

namespace ModelOpt.Cli.Tests.Commands;

[TestClass]
internal sealed class CompressCommandTests
{
    [TestMethod]
    public void Writes_files_that_every_engine_evaluates_alike()
    {
        using var folder = new TempFolder();
        string model = folder.WriteBrightest(), data = folder.WriteImages(), labels = folder.WriteLabels();
        CliResult result = CliTesting.Run("compress", model, "-o", folder["out"], "--calibration", data, "--std", "255");
        Assert.AreEqual("", result.Error);
        Assert.AreEqual(0, result.ExitCode);
        StringAssert.Contains(result.Output, "of the original");
        Assert.AreEqual("brightest.onnx brightest.report.html brightest.report.json brightest.tflite", Files(folder["out"]));
        using JsonDocument report = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder["out"], "brightest.report.json")));
        Assert.AreEqual(new FileInfo(model).Length, report.RootElement.GetProperty("onnxBytes").GetInt64());

        foreach ((string file, string engine) in ((string, string)[])[
            ("tflite", "modelopt"), ("tflite", "interpreter"), ("onnx", "modelopt"), ("onnx", "interpreter"), ("onnx", "onnxruntime")])
        {
            CliResult evaluated = CliTesting.Run(
                "evaluate", Path.Combine(folder["out"], $"brightest.{file}"), "--data", data, "--labels", labels, "--std", "255",
                "--engine", engine);
            Assert.AreEqual("", evaluated.Error);
            Assert.AreEqual("top-1 87.50 % (7/8)", evaluated.LastLine);
        }

        CliResult refused = CliTesting.Run(
            "evaluate", Path.Combine(folder["out"], "brightest.tflite"), "--data", data, "--labels", labels, "--engine", "onnxruntime");
        Assert.AreEqual(1, refused.ExitCode);
        StringAssert.Contains(refused.Error, "error MOPT7002");
    }

    [TestMethod]
    [DataRow("int8")]
    [DataRow("float16")]
    [DataRow("weight-only-int8")]
    [DataRow("WeightOnlyInt8")]
    [DataRow("none")]
    public void The_same_input_gives_the_same_bytes(string quantization)
    {
        using var folder = new TempFolder();
        string model = folder.WriteBrightest(), data = folder.WriteImages();
        foreach (string output in (string[])["a", "b"])
        {
            CliResult result = CliTesting.Run(
                "compress", model, "-o", folder[output], "--calibration", data, "--quantization", quantization,
                "--calibration-samples", "4");
            Assert.AreEqual(0, result.ExitCode, result.Error);
        }

        foreach (string name in Files(folder["a"]).Split(' '))
        {
            CollectionAssert.AreEqual(
                File.ReadAllBytes(Path.Combine(folder["a"], name)), File.ReadAllBytes(Path.Combine(folder["b"], name)), name);
        }
    }

    [TestMethod]
    public void A_model_of_several_inputs_takes_data_for_each()
    {
        using var folder = new TempFolder();
        var graph = new TestGraph();
        Value sum = graph.Add("Add", graph.Input("a", -1, 1, 2, 2), graph.Input("b", -1, 1, 2, 2));
        graph.Output(graph.Add("Flatten", sum));
        string model = folder.Write("sum.onnx", OnnxWriter.Write(graph.Build())), data = folder.WriteImages();
        CliResult both = CliTesting.Run("compress", model, "-o", folder["out"], "--calibration", data, "--calibration", data);
        Assert.AreEqual("", both.Error);
        Assert.AreEqual(0, both.ExitCode);
        CliResult one = CliTesting.Run("compress", model, "-o", folder["out"], "--calibration", data);
        Assert.AreEqual(1, one.ExitCode);
        StringAssert.Contains(one.Error, "error MOPT4013");
    }

    [TestMethod]
    public void Progress_is_shown_on_a_terminal_and_taken_away()
    {
        using var folder = new TempFolder();
        var output = new StringWriter();
        var error = new StringWriter();
        using var terminal = new Terminal(output, error, showProgress: true);
        string[] command = ["compress", folder.WriteBrightest(), "-o", folder["out"], "--calibration", folder.WriteImages()];
        Assert.AreEqual(0, CommandLine.RunAsync(command, terminal, CancellationToken.None).GetAwaiter().GetResult());
        StringAssert.Contains(error.ToString(), "\rcalibrate 3/8");
        StringAssert.EndsWith(error.ToString(), " \r");
        Assert.AreEqual(CliTesting.Run(command).Output, output.ToString());
    }

    [TestMethod]
    public void A_quantized_model_is_left_as_it_is()
    {
        // After reading, the Relu is but the lower end of a grid: calibrated anew, it would be lost.
        using var folder = new TempFolder();
        var graph = new TestGraph();
        Value pixels = graph.Add("Flatten", graph.Input("pixels", -1, 1, 2, 2));
        Value weight = graph.Constant(Tensor.Of<float>([4, 4], [-1, 0, 0, 0, 0, 1, 0, 0, 0, 0, -1, 0, 0, 0, 0, 1]));
        graph.Output(graph.Add("Relu", graph.Add("Gemm", pixels, weight)));
        string model = folder.Write("model.onnx", OnnxWriter.Write(graph.Build())), data = folder.WriteImages();
        Assert.AreEqual(0, CliTesting.Run("compress", model, "-o", folder["a"], "--calibration", data).ExitCode);

        string quantized = Path.Combine(folder["a"], "model.onnx");
        CliResult again = CliTesting.Run("compress", quantized, "-o", folder["b"], "--calibration", data);
        Assert.AreEqual(0, again.ExitCode);
        StringAssert.Contains(again.Error, "warning MOPT4015");
        CollectionAssert.AreEqual(File.ReadAllBytes(quantized), File.ReadAllBytes(Path.Combine(folder["b"], "model.onnx")));
        CliResult none = CliTesting.Run("compress", quantized, "-o", folder["c"], "--quantization", "none");
        Assert.AreEqual("", none.Error);
        CliResult inspected = CliTesting.Run("inspect", quantized);
        StringAssert.Contains(inspected.Output, "int8 in the file");
        StringAssert.Contains(inspected.Output, "quantized already");
    }

    [TestMethod]
    public void Without_calibration_data_a_warning_says_what_is_lost()
    {
        using var folder = new TempFolder();
        CliResult result = CliTesting.Run("compress", folder.WriteBrightest(), "-o", folder["out"]);
        Assert.AreEqual(0, result.ExitCode);
        StringAssert.StartsWith(result.Error, $"{folder["brightest.onnx"]} : warning MOPT4010: ");
        Assert.AreEqual("brightest.onnx brightest.report.html brightest.report.json brightest.tflite", Files(folder["out"]));
    }

    [TestMethod]
    public void Failing_leaves_nothing_behind()
    {
        using var folder = new TempFolder();
        string model = folder.WriteBrightest(), data = folder.WriteImages();

        CliResult onto = CliTesting.Run("compress", model, "-o", folder.Path, "--calibration", data);
        Assert.AreEqual(1, onto.ExitCode);
        StringAssert.Contains(onto.Error, "error MOPT7007");

        CliResult absent = CliTesting.Run("compress", model, "-o", folder["out"], "--calibration", folder["absent.npy"]);
        Assert.AreEqual(1, absent.ExitCode);
        StringAssert.StartsWith(absent.Error, $"{folder["absent.npy"]} : error MOPT3001: ");
        Assert.IsFalse(Directory.Exists(folder["out"]));

        Directory.CreateDirectory(folder["out/brightest.onnx"]);
        CliResult blocked = CliTesting.Run("compress", model, "-o", folder["out"], "--calibration", data);
        Assert.AreEqual(1, blocked.ExitCode);
        StringAssert.Contains(blocked.Error, "error MOPT6006");
        Assert.AreEqual("", Files(folder["out"]));

        folder.Write("file", [1]);
        CliResult unwritable = CliTesting.Run("compress", model, "-o", folder["file"], "--calibration", data);
        Assert.AreEqual(1, unwritable.ExitCode);
        StringAssert.Contains(unwritable.Error, "error MOPT6006");
        Assert.AreEqual(1, File.ReadAllBytes(folder["file"]).Length);
    }

    [TestMethod]
    public void Cancelling_leaves_nothing_behind()
    {
        using var folder = new TempFolder();
        using var cancellation = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        CliResult result = CliTesting.Run(
            cancellation.Token, "compress", folder.WriteBrightest(), "-o", folder["out"],
            "--calibration", folder.WriteImages(1_000_000), "--calibration-samples", "1000000");
        Assert.AreEqual(130, result.ExitCode);
        StringAssert.Contains(result.Error, "cancelled");
        Assert.IsFalse(Directory.Exists(folder["out"]));
    }

    private static string Files(string folder) =>
        string.Join(' ', Directory.GetFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
}
