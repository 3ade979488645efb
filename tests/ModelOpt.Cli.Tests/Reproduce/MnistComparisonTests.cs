using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json;
using ModelOpt.Cli.Output;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Reproduce;

namespace ModelOpt.Cli.Tests.Reproduce;

/// <summary>The comparison on a few images in which the brightest of ten bars is to be found.</summary>
[TestClass]
internal sealed class MnistComparisonTests
{
    [TestMethod]
    public void Mnist_is_compressed_measured_and_written_down()
    {
        using var folder = new TempFolder();
        WriteData(folder, "train", 300);
        WriteData(folder, "t10k", 50);
        // A smaller network, as that of the comparison takes minutes.
        var g = new TestGraph();
        Value y = g.Add("AveragePool", [g.Input("x", -1, 1, 28, 28)], ("kernel_shape", new[] { 4, 4 }), ("strides", new[] { 4, 4 }));
        g.Output(g.Add("Gemm", [g.Add("Flatten", y), g.Random(1, 10, 49), g.Random(2, 10)], ("transB", 1)));
        string small = folder.Write("small.onnx", OnnxWriter.Write(g.Build()));
        CliResult result = Run(
            "--data", folder["data"], "-o", folder["out"], "--model", small, "--epochs", "2", "--seconds", "0.1");
        Assert.AreEqual(0, result.ExitCode, result.Error);
        Assert.IsFalse(Directory.GetFiles(folder["out"]).Any(f => f.Contains("checkpoint", StringComparison.Ordinal)));
        string[] names = ["base", "pruned", "QAT", "pruned-QAT", "clustered", "PCQAT"];
        string markdown = File.ReadAllText(folder["out/mnist.md"]);
        foreach (string name in names)
        {
            StringAssert.Contains(result.Output, $"\n{name} ");
            StringAssert.Contains(markdown, $"\n| {name} | ");
        }

        StringAssert.Contains(markdown,
            "`--sparsity 0.8 --fine-tune labels --epochs 2 --augmentation crop --augmentation-shift 0.04 --distillation outputs`");
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(folder["out/mnist.json"]));
        foreach (JsonElement model in json.RootElement.GetProperty("models").EnumerateArray())
        {
            // What is printed is what evaluate and the files say.
            string file = folder[$"out/{model.GetProperty("name").GetString()}.tflite"];
            Assert.AreEqual(new FileInfo(file).Length, model.GetProperty("tfliteBytes").GetInt64());
            CliResult evaluated = CliTesting.Run(
                "evaluate", file, "--data", folder["data/t10k-images-idx3-ubyte"], "--labels", folder["data/t10k-labels-idx1-ubyte"],
                "--std", "255");
            StringAssert.Contains(evaluated.LastLine,
                string.Create(CultureInfo.InvariantCulture, $"({model.GetProperty("right").GetInt32()}/50)"));
            Assert.IsGreaterThan(0, model.GetProperty("threadedBatchMs").GetDouble());
        }
    }

    [TestMethod]
    public void The_network_is_the_published_one()
    {
        Graph graph = OnnxReader.Read(MnistVariant.Network());
        ShapeInference.Run(graph);
        CollectionAssert.AreEqual(
            new[] { "Conv", "Relu", "MaxPool", "Flatten", "Gemm" }, graph.Nodes.Select(n => n.Type).ToArray());
        // 12 · 9 + 12, and 10 · 2028 + 10.
        Assert.AreEqual(20_410, graph.Values.Sum(v => v.Constant?.Count ?? 0));
        Assert.AreEqual(10, graph.Outputs.Single().Shape![1].Size);
    }

    [TestMethod]
    public void Missing_files_are_told()
    {
        using var folder = new TempFolder();
        WriteData(folder, "train", 10);
        CliResult result = Run("--data", folder["data"], "-o", folder["out"]);
        Assert.AreEqual(1, result.ExitCode);
        StringAssert.Contains(result.Error, "error MOPT6003: --data: '*t10k-images*' does not exist.");
        Assert.IsFalse(Directory.Exists(folder["out"]));
    }

    private static CliResult Run(params string[] args)
    {
        var output = new StringWriter();
        var error = new StringWriter();
        using var terminal = new Terminal(output, error, showProgress: false);
        return new CliResult(MnistCommand.Create(terminal).Parse(args).Invoke(), output.ToString(), error.ToString());
    }

    private static void WriteData(TempFolder folder, string name, int count)
    {
        var random = new Random(count);
        byte[] images = new byte[16 + (count * 784)], labels = new byte[8 + count];
        Header(images, 3, count, 28, 28);
        Header(labels, 1, count);
        for (int n = 0; n < count; n++)
        {
            int label = labels[8 + n] = (byte)random.Next(10);
            for (int i = 0; i < 784; i++) images[16 + (n * 784) + i] = (byte)(random.Next(60) + (i % 28 / 2 == label ? 150 : 0));
        }

        folder.Write($"data/{name}-images-idx3-ubyte", images);
        folder.Write($"data/{name}-labels-idx1-ubyte", labels);

        static void Header(byte[] file, byte rank, params int[] dims)
        {
            (file[2], file[3]) = (8, rank);
            for (int i = 0; i < dims.Length; i++) BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(4 + (4 * i)), dims[i]);
        }
    }
}
