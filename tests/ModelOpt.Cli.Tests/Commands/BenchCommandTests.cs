using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Operators.Selection;

namespace ModelOpt.Cli.Tests.Commands;

/// <summary>What is printed, and what is refused; never how long anything takes.</summary>
[TestClass]
internal sealed class BenchCommandTests
{
    private static readonly string[] Short = ["--seconds", "0.02"];

    [TestMethod]
    public void The_last_line_has_a_median_for_each_number_of_threads()
    {
        using var folder = new TempFolder();
        CliResult result = CliTesting.Run(["bench", Compress(folder, folder.WriteBrightest()), "--threads", "1,3", .. Short]);
        Assert.AreEqual("", result.Error);
        Assert.AreEqual(0, result.ExitCode);
        StringAssert.Matches(result.LastLine, new(@"^median threads=1 \d+\.\d{3} ms threads=3 \d+\.\d{3} ms$"));
        Assert.HasCount(2, Rows(result, "ModelOpt"));
    }

    [TestMethod]
    public void The_last_line_has_the_ratio_to_another_engine()
    {
        using var folder = new TempFolder();
        string onnx = folder.WriteBrightest(), tflite = Compress(folder, onnx);
        CliResult result = CliTesting.Run(
            ["bench", tflite, "--against", $"onnxruntime:{onnx}", "--threads", "1,2", "--batch", "5", "--layers", .. Short]);
        Assert.AreEqual("", result.Error);
        StringAssert.Matches(result.LastLine, new(@"^ratio threads=1 \d+\.\d\d threads=2 \d+\.\d\d$"));
        StringAssert.Contains(result.Output, "5 samples a run");
        string both = @"ModelOpt \d+\.\d {0}, ONNX Runtime \d+\.\d {0}, ratio \d+\.\d\d\d \(1 process each\)";
        StringAssert.Matches(result.Output, new("first result threads=1: " + both.Replace("{0}", "ms")));
        StringAssert.Matches(result.Output, new("peak memory: " + both.Replace("{0}", "MB")));
        Assert.HasCount(2, Rows(result, "ModelOpt"));
        Assert.HasCount(2, Rows(result, "ONNX Runtime"));
        Assert.HasCount(2, Rows(result, "FULLY_CONNECTED"));
        Assert.HasCount(2, Rows(result, "total"));
    }

    [TestMethod]
    [DataRow("Add", "ADD", "int8")]
    [DataRow("Add", "ADD", "none")]
    [DataRow("Concat", "CONCATENATION", "int8")]
    [DataRow("Concat", "CONCATENATION", "none")]
    public void Each_operator_of_the_file_shows_once_whether_the_plan_fused_it_or_not(string joint, string tflite, string quantization)
    {
        // 32·32 pixels · 3·3·16·16 multiply-adds, twice.
        using var folder = new TempFolder();
        var graph = new TestGraph();
        Value x = graph.Input("x", -1, 16, 32, 32);
        Value first = Convolve(x, 1), second = Convolve(first, 2);
        graph.Output(joint == "Add" ? graph.Add(joint, first, second) : graph.Add(joint, [first, second], ("axis", 1)));
        string onnx = folder.Write("joint.onnx", OnnxWriter.Write(graph.Build()));
        string data = folder.Write("data.npy",
            DataTesting.Npy("|u1", "2, 32, 32, 16", [.. Enumerable.Range(0, 32768).Select(i => (byte)(i * 7))]));
        CliResult compressed = CliTesting.Run("compress", onnx, "-o", folder["out"], "--calibration", data, "--quantization", quantization);
        Assert.AreEqual(0, compressed.ExitCode, compressed.Error);

        CliResult result = CliTesting.Run(["bench", folder["out/joint.tflite"], "--layers", .. Short]);
        Assert.AreEqual("", result.Error);
        string[] operators = [.. Rows(result, " %").SelectMany(row => row.Split([' ', '+']))
            .Where(word => word == "CONV_2D" || word == tflite)];
        CollectionAssert.AreEquivalent((string[])[tflite, "CONV_2D", "CONV_2D"], operators);
        StringAssert.Contains(Rows(result, "total").Single(), " 4.72 ");

        Value Convolve(Value input, int seed) =>
            graph.Add("Conv", [input, graph.Random(seed, 16, 16, 3, 3)], ("pads", new[] { 1, 1, 1, 1 }));
    }

    [TestMethod]
    public void An_open_image_size_is_that_of_the_tflite_model()
    {
        using var folder = new TempFolder();
        string onnx = Pool(folder, "open.onnx", -1, 3, -1, -1), tflite = Compress(folder, Pool(folder, "fixed.onnx", -1, 3, 4, 6));
        CliResult result = CliTesting.Run(["bench", tflite, "--against", $"OnnxRuntime:{onnx}", .. Short]);
        Assert.AreEqual("", result.Error);
        StringAssert.StartsWith(result.LastLine, "ratio threads=1 ");
    }

    [TestMethod]
    public void Open_sizes_are_measured_at_the_example_in_the_file()
    {
        using var folder = new TempFolder();
        string onnx = Pool(folder, "open.onnx", -1, 3, -1, -1);
        CliResult result = CliTesting.Run(["bench", Compress(folder, onnx), "--against", $"OnnxRuntime:{onnx}", .. Short]);
        Assert.AreEqual("", result.Error);
        StringAssert.StartsWith(result.LastLine, "ratio threads=1 ");
    }

    [TestMethod]
    public void What_cannot_be_measured_is_refused_with_the_reason()
    {
        using var folder = new TempFolder();
        string open = folder.WriteBrightest(), tflite = Compress(folder, open);
        string image = Pool(folder, "image.onnx", 1, 3, 4, 6), imageTflite = Compress(folder, image);
        var two = new TestGraph();
        two.Output(two.Add("Add", two.Input("x", -1, 4), two.Input("y", -1, 4)));

        Refused("MOPT7008", "not 3", "bench", imageTflite, "--batch", "3");
        Refused("MOPT7009", "[1, 3, 4, 6] against ", "bench", tflite, "--against", $"onnxruntime:{image}");
        Refused("MOPT7009", "2 inputs against 1", "bench", tflite,
            "--against", $"onnxruntime:{folder.Write("two.onnx", OnnxWriter.Write(two.Build()))}");
        Refused("MOPT7004", "ONNX Runtime says", "bench", tflite, "--against", $"onnxruntime:{folder.Write("no.onnx", [1, 2, 3])}");
        Refused("MOPT1001", "absent", "bench", tflite, "--against", $"onnxruntime:{folder["absent.onnx"]}");

        static void Refused(string code, string reason, params string[] command)
        {
            CliResult result = CliTesting.Run([.. command, .. Short]);
            Assert.AreEqual(1, result.ExitCode, result.Error);
            StringAssert.Contains(result.Error, $" : error {code}: ");
            StringAssert.Contains(result.Error, reason);
            Assert.AreEqual(1, result.Error.Count(c => c == '\n'));
        }
    }

    [TestMethod]
    public void Instructions_are_those_asked_for()
    {
        if (!System.Runtime.Intrinsics.X86.Avx2.IsSupported)
            Assert.Inconclusive("Needs AVX2.");
        using var folder = new TempFolder();
        string model = Compress(folder, folder.WriteBrightest());
        CliResult result = CliProcess.Run(["bench", model, "--instructions", "avx2", .. Short]);
        Assert.AreEqual("", result.Error);
        StringAssert.EndsWith(result.Output.ReplaceLineEndings("\n").Split('\n')[0], ", AVX2, assembled");
        StringAssert.Contains(result.Output, "first result threads=1: ModelOpt ");
        Assert.AreEqual("", CliProcess.Run(["bench", model, "--instructions", "auto", .. Short]).Error);
        Assert.AreEqual(2, CliTesting.Run(["bench", model, "--instructions", "mmx", .. Short]).ExitCode);
    }

    [TestMethod]
    public void Cancelling_ends_it()
    {
        using var folder = new TempFolder();
        using var cancellation = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        CliResult result = CliTesting.Run(
            cancellation.Token, "bench", Compress(folder, folder.WriteBrightest()), "--seconds", "3600");
        Assert.AreEqual(130, result.ExitCode);
        StringAssert.Contains(result.Error, "cancelled");
    }

    private static string[] Rows(CliResult result, string word) =>
        [.. result.Output.ReplaceLineEndings("\n").Split('\n')
            .Where(line => line.StartsWith(' ') && line.Contains(word, StringComparison.Ordinal))];

    private static string Compress(TempFolder folder, string onnx)
    {
        CliResult result = CliTesting.Run("compress", onnx, "-o", folder["out"], "--quantization", "none");
        Assert.AreEqual(0, result.ExitCode, result.Error);
        return folder[$"out/{Path.GetFileNameWithoutExtension(onnx)}.tflite"];
    }

    private static string Pool(TempFolder folder, string name, params long[] shape)
    {
        var graph = new TestGraph();
        graph.Output(graph.Add("Flatten", graph.Add("GlobalAveragePool", graph.Input("image", shape))));
        return folder.Write(name, OnnxWriter.Write(graph.Build()));
    }
}
