using System.Text.Json;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Cli.Tests.Commands;

[TestClass]
internal sealed class InspectCommandTests
{
    [TestMethod]
    public void An_ONNX_model_is_printed_with_sizes_forms_and_reasons()
    {
        using var folder = new TempFolder();
        var graph = new TestGraph();
        Value image = graph.Input("image", -1, 3, 8, 8);
        Value conv = graph.Add("Conv", [image, graph.Random(1, 4, 3, 3, 3), graph.Floats(1, 2, 3, 4)]);
        Value relu = graph.Add("Relu", conv);
        graph.Output(graph.Add("HardSigmoid", [relu], ("alpha", 0.2), ("beta", 0.5)));
        string model = folder.Write("model.onnx", OnnxWriter.Write(graph.Build()));

        CliResult result = CliTesting.Run("inspect", model);
        Assert.AreEqual("", result.Error);
        Assert.AreEqual(0, result.ExitCode);
        string[] lines = result.Output.ReplaceLineEndings("\n").Split('\n');
        StringAssert.StartsWith(lines[0], "ONNX, ");
        Assert.AreEqual("input   image: Float32[N, 3, 8, 8]", lines[1]);
        Assert.AreEqual("layer operator output parameters MACs bytes form", Columns(lines[4]));
        // 4·3·3·3 weights and 4 biases of 4 bytes; 36 positions of 4 filters of 27 weights.
        Assert.AreEqual("Conv Conv [N, 4, 6, 6] 112 3,888 448 int8", Columns(lines[5]));
        Assert.AreEqual("Relu Relu [N, 4, 6, 6] 0 0 0 fused into Conv", Columns(lines[6]));
        Assert.AreEqual("HardSigmoid HardSigmoid [N, 4, 6, 6] 0 0 0 float32", Columns(lines[7]));
        Assert.AreEqual("total 112 3,888 448", Columns(lines[8]));
        StringAssert.Contains(result.Output, "HardSigmoid: HardSigmoid has no int8 form");
    }

    [TestMethod]
    public void Layers_inside_branches_are_printed_in_both_formats()
    {
        using var folder = new TempFolder();
        var graph = new TestGraph();
        Value x = graph.Input("x", 1, 3, 8, 8), flag = graph.Input("flag", ElementType.Bool);
        TestGraph then = Branch(), other = Branch();
        then.Output(then.Add("Conv", then.Graph.Inputs[0], then.Random(1, 3, 3, 1, 1)));
        other.Output(other.Add("Relu", other.Graph.Inputs[0]));
        graph.Output(graph.Add("If", [flag, x], ("then_branch", then.Graph), ("else_branch", other.Graph)));
        string model = folder.Write("model.onnx", OnnxWriter.Write(graph.Build()));
        string[] lines = [.. CliTesting.Run("inspect", model).Output.ReplaceLineEndings("\n").Split('\n').Select(Columns)];
        CollectionAssert.Contains(lines, "If If [1, 3, 8, 8] 0 0 0 float32");
        CollectionAssert.Contains(lines, "If/else_branch/Relu Relu [1, 3, 8, 8] 0 0 0 float32");
        CollectionAssert.Contains(lines, "If/then_branch/Conv Conv [1, 3, 8, 8] 9 576 36 float32");

        string tflite = folder.Write("model.tflite", Compiler.Operators.Contract.Lowering.Write(graph.Graph));
        string text = CliTesting.Run("inspect", tflite).Output;
        StringAssert.Contains(text, "If_out/");
        StringAssert.Contains(text, "Conv2D");

        static TestGraph Branch()
        {
            var branch = new TestGraph();
            branch.Input("t", 1, 3, 8, 8);
            branch.Graph.Captures = 1;
            return branch;
        }
    }

    [TestMethod]
    public void What_a_build_would_refuse_is_said()
    {
        using var folder = new TempFolder();
        var graph = new TestGraph();
        Value x = graph.Input("x", -1, 3, 8, 8);
        graph.Output(graph.Add("ConvTranspose", x, graph.Add("Relu", graph.Input("w", 3, 4, 2, 2))));
        string model = folder.Write("model.onnx", OnnxWriter.Write(graph.Build()));
        CliResult inspected = CliTesting.Run("inspect", model), compressed = CliTesting.Run("compress", model, "-o", folder["out"]);
        StringAssert.Contains(inspected.Output, "ConvTranspose");
        StringAssert.Contains(inspected.Error, "MOPT2006");
        Assert.AreEqual((1, 1), (inspected.ExitCode, compressed.ExitCode));
        StringAssert.Contains(compressed.Error, inspected.Error.Trim());
    }

    [TestMethod]
    public void Open_sizes_are_named()
    {
        using var folder = new TempFolder();
        var graph = new TestGraph();
        Value x = graph.Input("x", -1, 3, 8, 8);
        x.Shape = new Shape(x.Shape![0], 3, new Dim(-1, "H"), new Dim(-1, "W"));
        graph.Output(graph.Add("Relu", x));
        CliResult result = CliTesting.Run("inspect", folder.Write("model.onnx", OnnxWriter.Write(graph.Build())));
        Assert.AreEqual((0, ""), (result.ExitCode, result.Error));
        StringAssert.Contains(result.Output, "Sizes besides the batch are open (H, W)");
    }

    [TestMethod]
    public void Names_do_not_command_the_terminal()
    {
        using var folder = new TempFolder();
        var graph = new TestGraph();
        Value relu = graph.Add("Relu", graph.Input("in\u001b[2J\r\u202e", 1, 4));
        relu.Name = "out\u2066\nerror MOPT9999";
        relu.Producer!.Name = "\u001b]0;title\a";
        graph.Output(relu);
        string model = folder.Write("model.onnx", OnnxWriter.Write(graph.Build()));
        CliResult inspected = CliTesting.Run("inspect", model), compressed = CliTesting.Run("compress", model, "-o", folder["out"]);
        Assert.AreEqual(0, inspected.ExitCode, inspected.Error);
        Assert.AreEqual(0, compressed.ExitCode, compressed.Error);
        StringAssert.Contains(inspected.Output, @"in\u001B[2J\u000D\u202E");
        StringAssert.Contains(inspected.Output, @"out\u2066\u000Aerror MOPT9999");
        string all = inspected.Output + inspected.Error + compressed.Output + compressed.Error
            + CliTesting.Run("inspect", folder["out/model.tflite"]).Output
            + CliTesting.Run("bench", folder["out/model.tflite"], "--seconds", "0.01").Output
            + File.ReadAllText(folder["out/model.report.html"]);
        Assert.IsFalse(all.AsSpan().ContainsAny("\u001b\u202e\u2066\a"));
    }

    [TestMethod]
    public void The_printed_recipe_is_one()
    {
        using var folder = new TempFolder();
        string output = CliTesting.Run("inspect", folder.WriteBrightest()).Output;
        string recipe = output[output.IndexOf('{', StringComparison.Ordinal)..];
        Recipe read = Recipe.Read(folder.Write("recipe.json", System.Text.Encoding.UTF8.GetBytes(recipe)));
        Assert.AreEqual(QuantizationMode.Int8, read.Quantization);
        CliResult compressed = CliTesting.Run(
            "compress", folder["brightest.onnx"], "-o", folder["out"], "--calibration", folder.WriteImages(),
            "--recipe", folder["recipe.json"]);
        Assert.AreEqual(0, compressed.ExitCode, compressed.Error);
    }

    [TestMethod]
    public void The_printed_recipe_says_what_the_options_of_a_build_do()
    {
        using var folder = new TempFolder();
        string model = folder.WriteBrightest();
        folder.Write("given.json", """{ "clusters": 8, "layers": [ { "match": "Gemm", "sparsity": 0.25 } ] }"""u8.ToArray());
        CliResult result = CliTesting.Run(
            "inspect", model, "--recipe", folder["given.json"], "--clusters", "4", "--cluster-scope", "channel", "--decompose", "0.2",
            "--quantization", "float16");
        Assert.AreEqual("", result.Error);
        StringAssert.Contains(result.Output, "float16 weights");
        Recipe read = Recipe.Read(folder.Write(
            "recipe.json", System.Text.Encoding.UTF8.GetBytes(result.Output[result.Output.IndexOf('{', StringComparison.Ordinal)..])));
        Assert.AreEqual(
            (QuantizationMode.Float16, 8, ClusterScope.Channel, 0.2),
            (read.Quantization, read.Clusters, read.ClusterScope, read.Decomposition));
        Assert.AreEqual(new LayerRule("Gemm") { Sparsity = 0.25 }, read.Layers.Single());

        // Given as the recipe, it makes the same model as the options that it was made from.
        Assert.AreEqual(0, CliTesting.Run("compress", model, "-o", folder["a"], "--recipe", folder["recipe.json"]).ExitCode);
        Assert.AreEqual(0, CliTesting.Run(
            "compress", model, "-o", folder["b"], "--recipe", folder["given.json"], "--cluster-scope", "channel", "--decompose", "0.2",
            "--quantization", "float16").ExitCode);
        CollectionAssert.AreEqual(
            File.ReadAllBytes(Path.Combine(folder["a"], "brightest.tflite")),
            File.ReadAllBytes(Path.Combine(folder["b"], "brightest.tflite")));
    }

    [TestMethod]
    public void Options_that_a_build_refuses_are_refused()
    {
        using var folder = new TempFolder();
        string model = folder.WriteBrightest();
        StringAssert.Contains(CliTesting.Run("inspect", model, "--clusters", "300").Error, "error MOPT6014");
        StringAssert.Contains(CliTesting.Run("inspect", model, "--cluster-scope", "channel").Error, "warning MOPT6015");
        folder.Write("recipe.json", """{ "layers": [ { "match": "Gem", "sparsity": 0.25 } ] }"""u8.ToArray());
        StringAssert.Contains(CliTesting.Run("inspect", model, "--recipe", folder["recipe.json"]).Error, "error MOPT4003");
    }

    [TestMethod]
    public void A_TFLite_model_is_compressed_and_inspected_like_an_ONNX_model()
    {
        using var folder = new TempFolder();
        Assert.AreEqual(0, CliTesting.Run("compress", folder.WriteBrightest(), "-o", folder["a"], "--quantization", "none").ExitCode);
        string model = Path.Combine(folder["a"], "brightest.tflite");
        StringAssert.Contains(CliTesting.Run("inspect", model).Output, "A build can compress it");
        StringAssert.Contains(CliTesting.Run("inspect", model, "--clusters", "4").Output, "The recipe of a build");
        CliResult compressed = CliTesting.Run("compress", model, "-o", folder["b"], "--calibration", folder.WriteImages(), "--std", "255");
        Assert.AreEqual(0, compressed.ExitCode, compressed.Error);
        StringAssert.Contains(CliTesting.Run("inspect", Path.Combine(folder["b"], "brightest.tflite")).Output, "int8");
        StringAssert.Contains(CliTesting.Run("compress", model, "-o", folder["a"]).Error, "error MOPT7007");
    }

    [TestMethod]
    public void A_TFLite_model_is_printed_as_it_is_stored()
    {
        using var folder = new TempFolder();
        CliResult compressed = CliTesting.Run(
            "compress", folder.WriteBrightest(), "-o", folder["out"], "--calibration", folder.WriteImages());
        Assert.AreEqual(0, compressed.ExitCode, compressed.Error);
        CliResult result = CliTesting.Run("inspect", Path.Combine(folder["out"], "brightest.tflite"));
        Assert.AreEqual(0, result.ExitCode, result.Error);
        string layer = result.Output.Split('\n').Single(line => line.Contains("FullyConnected", StringComparison.Ordinal));
        StringAssert.Matches(Columns(layer), new System.Text.RegularExpressions.Regex(@"FullyConnected \[1, 4\] \d+ 16 \d+ int8$"));
    }

    [TestMethod]
    public void Weights_are_counted_alike_in_the_TFLite_and_the_ONNX_file_and_the_report()
    {
        // Of each convolution's weights, half in whole blocks of four input channels; the depthwise one has one value in each channel.
        using var folder = new TempFolder();
        float[] pointwise = [.. Enumerable.Range(0, 16 * 8).Select(i => ((i / 8) + (i / 4)) % 2 == 0 ? 0 : (i % 4 < 2 ? 1f : -1f))];
        float[] depthwise = [.. Enumerable.Range(0, 16 * 9).Select(i => (i / 9) + 1f)];
        float[] dense = [.. Enumerable.Range(0, 3 * 16).Select(i => i % 5 == 0 ? 0 : i % 7 < 3 ? 0.5f : 1f)];
        var graph = new TestGraph();
        Value conv = graph.Add("Conv", graph.Input("image", -1, 8, 4, 4), graph.Constant(Tensor.Of<float>([16, 8, 1, 1], pointwise)));
        conv = graph.Add("Conv", [conv, graph.Constant(Tensor.Of<float>([16, 1, 3, 3], depthwise))], ("group", 16));
        Value flat = graph.Add("Flatten", graph.Add("GlobalAveragePool", conv));
        graph.Output(graph.Add("Gemm", [flat, graph.Constant(Tensor.Of<float>([3, 16], dense))], ("transB", 1)));
        string model = folder.Write("model.onnx", OnnxWriter.Write(graph.Build()));
        byte[] data = new byte[4 * 8 * 16];
        new Random(1).NextBytes(data);
        CliResult compressed = CliTesting.Run(
            "compress", model, "-o", folder["out"], "--calibration", folder.Write("data.npy", DataTesting.Npy("|u1", "4, 8, 4, 4", data)));
        Assert.AreEqual(0, compressed.ExitCode, compressed.Error);

        string[] expected =
        [
            "128 50.0 % 1x4 3 3 8 1.50",
            "144 0.0 % 1 1 8 0.00",
            "48 20.8 % ",
        ];
        string[][] found = [.. ((string[])["tflite", "onnx"]).Select(file =>
        {
            CliResult result = CliTesting.Run("inspect", Path.Combine(folder["out"], $"model.{file}"));
            Assert.AreEqual(0, result.ExitCode, result.Error);
            string[] lines = result.Output.ReplaceLineEndings("\n").Split('\n');
            int start = Array.FindIndex(lines, l => l.StartsWith("weights of layer", StringComparison.Ordinal));
            return lines[(start + 1)..(start + 4)].Select(l => Columns(l[l.IndexOf(' ', StringComparison.Ordinal)..])).ToArray();
        })];
        CollectionAssert.AreEqual(found[0], found[1]);
        CollectionAssert.AreEqual(expected[..2], found[0][..2]);
        // Channels are evened out by powers of two, so that values differ more here; zeros stay.
        StringAssert.StartsWith(found[0][2], expected[2]);

        using JsonDocument report = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder["out"], "model.report.json")));
        JsonElement layer = report.RootElement.GetProperty("layers").EnumerateArray().First();
        Assert.AreEqual(
            (0.5, "1x4", 3, 3, 1.5),
            (layer.GetProperty("sparsity").GetDouble(), layer.GetProperty("pattern").GetString(),
                layer.GetProperty("distinctWeights").GetInt32(), layer.GetProperty("distinctWeightsInChannel").GetInt32(),
                layer.GetProperty("bitsPerWeight").GetDouble()));
    }

    [TestMethod]
    [DataRow("float16", "16 1.50")]
    [DataRow("weight-only-int8", "8 1.50")]
    [DataRow("none", "32 1.50")]
    public void Weights_are_counted_in_every_form(string quantization, string bits)
    {
        using var folder = new TempFolder();
        var graph = new TestGraph();
        float[] weight = [.. Enumerable.Range(0, 16 * 8).Select(i => ((i / 8) + (i / 4)) % 2 == 0 ? 0 : (i % 4 < 2 ? 1f : -1f))];
        graph.Output(graph.Add("Conv", graph.Input("image", -1, 8, 4, 4), graph.Constant(Tensor.Of<float>([16, 8, 1, 1], weight))));
        string model = folder.Write("model.onnx", OnnxWriter.Write(graph.Build()));
        Assert.AreEqual(0, CliTesting.Run("compress", model, "-o", folder["out"], "--quantization", quantization).ExitCode);
        string output = CliTesting.Run("inspect", Path.Combine(folder["out"], "model.tflite")).Output;
        StringAssert.Contains(Columns(output.ReplaceLineEndings("  ")), $"128 50.0 % 1x4 3 3 {bits}");
    }

    private static string Columns(string line) => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
}
