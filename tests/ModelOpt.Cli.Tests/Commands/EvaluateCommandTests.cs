using System.Runtime.InteropServices;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Onnx;

namespace ModelOpt.Cli.Tests.Commands;

[TestClass]
internal sealed class EvaluateCommandTests
{
    [TestMethod]
    [DataRow("modelopt")]
    [DataRow("interpreter")]
    [DataRow("onnxruntime")]
    public void Counts_right_answers_with_every_engine(string engine)
    {
        using var folder = new TempFolder();
        CliResult result = CliTesting.Run(
            "evaluate", folder.WriteBrightest(), "--data", folder.WriteImages(), "--labels", folder.WriteLabels(), "--engine", engine);
        Assert.AreEqual("", result.Error);
        Assert.AreEqual(0, result.ExitCode);
        Assert.AreEqual("top-1 87.50 % (7/8)", result.LastLine);
    }

    [TestMethod]
    [DataRow("modelopt")]
    [DataRow("interpreter")]
    [DataRow("onnxruntime")]
    public void Open_sizes_are_those_of_the_data(string engine)
    {
        using var folder = new TempFolder();
        var graph = new TestGraph();
        Value x = graph.Input("pixels", -1, 1, 2, 2);
        x.Shape = new Shape(x.Shape![0], 1, new Dim(-1, "H"), new Dim(-1, "W"));
        Value padded = graph.Add("Conv", [x, graph.Constant(Tensor.Of<float>([4, 1, 2, 2], [
            1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]))]);
        graph.Output(graph.Add("Flatten", graph.Add("GlobalMaxPool", padded)));
        string model = folder.Write("open.onnx", OnnxWriter.Write(graph.Build()));
        CliResult result = CliTesting.Run("evaluate", model, "--data", folder.WriteImages(), "--labels", folder.WriteLabels(),
            "--engine", engine, "--reference", model);
        Assert.AreEqual("", result.Error);
        Assert.AreEqual("top-1 87.50 % (7/8)", result.LastLine);
    }

    [TestMethod]
    public void Compares_with_the_model_it_was_made_from()
    {
        using var folder = new TempFolder();
        string model = folder.WriteBrightest();
        string[] command = ["evaluate", model, "--data", folder.WriteImages(), "--labels", folder.WriteLabels(), "--reference"];
        CliResult same = CliTesting.Run([.. command, model]);
        StringAssert.Contains(same.Output, "same class as the reference 100.00 % (8/8), error of the scores 0.00 %");
        Assert.AreEqual("top-1 87.50 % (7/8)", same.LastLine);

        // Scores of the other sign are wrong by twice their size, and choose the darkest.
        Graph graph = OnnxReader.Read(File.ReadAllBytes(model), model);
        Value scores = graph.Outputs[0];
        graph.Outputs[0] = graph.Add(new Node("Neg", "", [scores], [new Value("negative")])).Output;
        CliResult other = CliTesting.Run([.. command, folder.Write("other.onnx", OnnxWriter.Write(graph))]);
        StringAssert.Contains(other.Output, "error of the scores 200.00 %");
        Assert.IsFalse(other.Output.Contains("(8/8), error", StringComparison.Ordinal), other.Output);
    }

    [TestMethod]
    public void The_batch_of_the_reference_may_have_another_name_or_be_one()
    {
        using var folder = new TempFolder();
        string model = folder.WriteBrightest();
        foreach (Dim batch in new[] { new Dim(-1, "batch_size"), new Dim(1) })
        {
            Graph graph = OnnxReader.Read(File.ReadAllBytes(model), model);
            graph.Inputs[0].Shape = new Shape([batch, .. graph.Inputs[0].Shape!.Skip(1)]);
            graph.Outputs[0].Shape = null;
            CliResult result = CliTesting.Run("evaluate", model, "--data", folder.WriteImages(), "--labels", folder.WriteLabels(),
                "--reference", folder.Write("other.onnx", OnnxWriter.Write(graph)));
            StringAssert.Contains(result.Output, "same class as the reference 100.00 % (8/8)", result.Error);
        }
    }

    [TestMethod]
    public void A_reference_with_other_scores_is_refused()
    {
        using var folder = new TempFolder();
        string model = folder.WriteBrightest();
        Graph graph = OnnxReader.Read(File.ReadAllBytes(model), model);
        Value scores = graph.Outputs[0];
        Node twice = graph.Add(new Node("Concat", "", [scores, scores], [new Value("twice")]));
        twice.Attributes["axis"] = 1L;
        graph.Outputs[0] = twice.Output;
        CliResult result = CliTesting.Run("evaluate", model, "--data", folder.WriteImages(), "--labels", folder.WriteLabels(),
            "--reference", folder.Write("wide.onnx", OnnxWriter.Write(graph)));
        StringAssert.Contains(result.Error, "error MOPT7011: the reference has 8 scores, the model has 4");
    }

    [TestMethod]
    public void Evaluates_the_first_samples_and_offsets_labels()
    {
        using var folder = new TempFolder();
        string[] command = ["evaluate", folder.WriteBrightest(), "--data", folder.WriteImages()];
        Assert.AreEqual(
            "top-1 66.67 % (2/3)", CliTesting.Run([.. command, "--labels", folder.WriteLabels(), "--limit", "3"]).LastLine);
        Assert.AreEqual(
            "top-1 87.50 % (7/8)",
            CliTesting.Run([.. command, "--labels", folder.WriteLabels(offset: 5), "--label-offset", "-5"]).LastLine);
    }

    [TestMethod]
    [DataRow("modelopt")]
    [DataRow("interpreter")]
    [DataRow("onnxruntime")]
    public void Mean_std_and_layout_reach_the_model(string engine)
    {
        // The model finds the channel with the largest mean; the data is NHWC, all of it (10, 20, 30).
        using var folder = new TempFolder();
        var graph = new TestGraph();
        graph.Output(graph.Add("Flatten", graph.Add("GlobalAveragePool", graph.Input("image", -1, 3, 2, 2))));
        string model = folder.Write("channel.onnx", OnnxWriter.Write(graph.Build()));
        byte[] pixels = [.. Enumerable.Range(0, 12).Select(i => (byte)(10 * ((i % 3) + 1)))];
        string data = folder.Write("data.npy", DataTesting.Npy("|u1", "1, 2, 2, 3", pixels));
        string labels = folder.Write("labels.txt", "1\n"u8);
        string[] command = ["evaluate", model, "--data", data, "--labels", labels, "--engine", engine];

        Assert.AreEqual("top-1 0.00 % (0/1)", CliTesting.Run(command).LastLine);
        Assert.AreEqual("top-1 100.00 % (1/1)", CliTesting.Run([.. command, "--mean", "0,0,20"]).LastLine);
        Assert.AreEqual("top-1 100.00 % (1/1)", CliTesting.Run([.. command, "--std", "1,0.5,1"]).LastLine);
        Assert.AreEqual(
            "top-1 100.00 % (1/1)", CliTesting.Run([.. command, "--mean", "0,0,20", "--data-layout", "NHWC"]).LastLine);
        StringAssert.Contains(CliTesting.Run([.. command, "--data-layout", "nchw"]).Error, "error MOPT3006");
    }

    [TestMethod]
    public void A_folder_of_images_has_its_own_labels()
    {
        using var folder = new TempFolder();
        string[] classes = ["a", "b", "c", "d"];
        for (int i = 0; i < classes.Length; i++)
        {
            int bright = i;
            folder.Write($"data/{classes[i]}/x.png", PngWriter.Write(2, 2, 0, (x, y, _) => (2 * y) + x == bright ? 250 : 9));
        }

        CliResult result = CliTesting.Run("evaluate", folder.WriteBrightest(), "--data", folder["data"]);
        Assert.AreEqual("", result.Error);
        Assert.AreEqual("top-1 100.00 % (4/4)", result.LastLine);
    }

    [TestMethod]
    public void What_cannot_be_evaluated_is_refused_with_the_reason()
    {
        using var folder = new TempFolder();
        string model = folder.WriteBrightest(), data = folder.WriteImages(), labels = folder.WriteLabels();
        string fewer = folder.Write("fewer.txt", "1\n2\n"u8);
        string beyond = folder.Write("beyond.txt", "0\n1\n2\n3\n4\n0\n0\n0\n"u8);
        string wrong = folder.Write("wrong.npy", DataTesting.Npy("|u1", "8, 3, 3", new byte[72]));
        string notFinite = folder.Write(
            "nan.npy", DataTesting.Npy("<f4", "8, 2, 2", MemoryMarshal.AsBytes(new float[32].Select(_ => float.NaN).ToArray().AsSpan())));

        Refused("MOPT3011", "2 labels for 8 samples", model, data, fewer);
        Refused("MOPT7006", "label 4 of sample 4 is not one of the model's 4 classes", model, data, beyond);
        Refused("MOPT7006", "plus 9", model, data, labels, "--label-offset", "9");
        Refused("MOPT3006", "[3, 3]", model, wrong, labels);
        Refused("MOPT3008", "sample 0", model, notFinite, labels);
        Refused("MOPT3001", "absent", model, folder["absent.npy"], labels);
        Refused("MOPT3001", "absent", model, data, folder["absent.txt"]);
        Refused("MOPT3009", "mean", model, data, labels, "--mean", "1,2");

        var two = new TestGraph();
        Value x = two.Input("x", -1, 4);
        two.Output(two.Add("Relu", x));
        two.Output(two.Add("Sigmoid", x));
        Refused("MOPT7005", "1 input and 2 outputs", folder.Write("two.onnx", OnnxWriter.Write(two.Build())), data, labels);
        var one = new TestGraph();
        one.Output(one.Add("Gemm", one.Input("x", -1, 4), one.Constant(Tensor.Of<float>([4, 1], [1, 1, 1, 1]))));
        Refused("MOPT7005", "a single score", folder.Write("one.onnx", OnnxWriter.Write(one.Build())), data, labels);

        void Refused(string code, string reason, string model, string data, string labels, params string[] rest)
        {
            foreach (string engine in (string[])["modelopt", "interpreter", "onnxruntime"])
            {
                CliResult result = CliTesting.Run(
                    ["evaluate", model, "--data", data, "--labels", labels, "--engine", engine, .. rest]);
                Assert.AreEqual(1, result.ExitCode, result.Error);
                StringAssert.Contains(result.Error, $" : error {code}: ");
                StringAssert.Contains(result.Error, reason);
                Assert.AreEqual("", result.Output);
            }
        }
    }
}
