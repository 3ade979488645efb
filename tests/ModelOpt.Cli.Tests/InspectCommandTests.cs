using ModelOpt.Compiler.Compilation;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Onnx;

namespace ModelOpt.Cli.Tests;

[TestClass]
public sealed class InspectCommandTests
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

    private static string Columns(string line) => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
}
