using ModelOpt.Cli.Models;
using ModelOpt.Compiler.Emit.Storage;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Operators.Selection;

namespace ModelOpt.Cli.Tests.Models;

/// <summary>Plain and packed TFLite files, whatever their names.</summary>
[TestClass]
internal sealed class ModelFileTests
{
    [TestMethod]
    [DataRow("model.embedded")]
    [DataRow("model.onnx")]
    [DataRow("model")]
    public void The_packed_form_is_known_by_its_content_and_gives_what_the_plain_file_does(string name)
    {
        using var folder = new TempFolder();
        (string plain, byte[] bytes) = Compress(folder);
        byte[] packed = ModelPacker.Pack(bytes, default);
        Assert.IsLessThan(bytes.Length, packed.Length);
        string model = folder.Write(name, packed), data = folder.WriteImages(), labels = folder.WriteLabels();
        Assert.AreEqual(ModelFormat.PackedTflite, ModelFile.FormatOf(model));
        Assert.AreEqual(ModelFormat.Tflite, ModelFile.FormatOf(plain));

        string[] inspected = Lines(CliTesting.Run("inspect", model)), expected = Lines(CliTesting.Run("inspect", plain));
        Assert.AreEqual($"TFLite packed for embedding ({bytes.Length:N0} bytes plain), {packed.Length:N0} bytes", inspected[0]);
        CollectionAssert.AreEqual(expected[1..], inspected[1..]);

        string[] evaluated = Lines(CliTesting.Run("evaluate", model, "--data", data, "--labels", labels));
        CollectionAssert.AreEqual(
            (string[])["TFLite packed for embedding", .. Lines(CliTesting.Run("evaluate", plain, "--data", data, "--labels", labels))],
            evaluated);
    }

    [TestMethod]
    public void The_packed_form_is_measured_from_its_own_bytes()
    {
        using var folder = new TempFolder();
        string model = folder.Write("model.embedded", ModelPacker.Pack(Compress(folder).Bytes, default));
        CliResult measured = CliTesting.Run("bench", model, "--layers", "--seconds", "0.02");
        Assert.AreEqual(0, measured.ExitCode, measured.Error);
        StringAssert.Contains(measured.Output, $"{model}, packed for embedding");
        StringAssert.Contains(measured.Output, "FULLY_CONNECTED");
    }

    [TestMethod]
    public void Damage_ends_in_one_diagnostic_of_every_command()
    {
        using var folder = new TempFolder();
        byte[] packed = ModelPacker.Pack(Compress(folder).Bytes, default);
        string data = folder.WriteImages(), labels = folder.WriteLabels();
        var random = new Random(1);
        for (int i = 0; i < 60; i++)
        {
            byte[] damaged = [.. packed];
            if (i % 3 == 0) damaged = damaged[..random.Next(4, damaged.Length)];
            else damaged[random.Next(i % 3 == 1 ? 4 : 16, i % 3 == 1 ? 16 : damaged.Length)] ^= (byte)(1 << random.Next(8));
            string model = folder.Write("model.embedded", damaged);
            string[][] commands = [["inspect", model], ["evaluate", model, "--data", data, "--labels", labels],
                ["bench", model, "--seconds", "0.02"]];
            foreach (string[] command in commands)
            {
                CliResult result = CliTesting.Run(command);
                Assert.AreEqual(1, result.ExitCode, $"{command[0]} {i}");
                StringAssert.StartsWith(result.Error, $"{model} : error MOPT7001: The packed model is damaged");
                Assert.AreEqual("", result.Output);
            }
        }
    }

    private static string[] Lines(CliResult result)
    {
        Assert.AreEqual(0, result.ExitCode, result.Error);
        return result.Output.ReplaceLineEndings("\n").Split('\n');
    }

    /// <summary>A model that finds the brightest of four pixels in a roundabout way, through many weights that are zero.</summary>
    private static (string Path, byte[] Bytes) Compress(TempFolder folder)
    {
        const int hidden = 256;
        float[] there = new float[hidden * 4], back = new float[4 * hidden];
        for (int i = 0; i < 4; i++) there[i * 5] = back[i * (hidden + 1)] = 1;
        var graph = new TestGraph();
        Value x = graph.Add("Flatten", graph.Input("pixels", -1, 1, 2, 2));
        x = graph.Add("Gemm", [x, graph.Constant(Tensor.Of<float>([hidden, 4], there))], ("transB", 1));
        graph.Output(graph.Add("Gemm", [x, graph.Constant(Tensor.Of<float>([4, hidden], back))], ("transB", 1)));
        string model = folder.Write("brightest.onnx", OnnxWriter.Write(graph.Build()));
        Assert.AreEqual(0, CliTesting.Run("compress", model, "-o", folder["out"], "--calibration", folder.WriteImages()).ExitCode);
        string file = System.IO.Path.Combine(folder["out"], "brightest.tflite");
        return (file, File.ReadAllBytes(file));
    }
}
