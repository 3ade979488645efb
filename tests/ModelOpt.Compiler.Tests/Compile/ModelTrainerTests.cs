using System.Runtime.InteropServices;
using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Tests.Data;

namespace ModelOpt.Compiler.Tests.Compile;

/// <summary>A small network with BatchNormalization learns which of its images' quarters is the brightest.</summary>
[TestClass]
internal sealed class ModelTrainerTests
{
    private const int Samples = 200;

    [TestMethod]
    public void From_scratch_it_learns_and_keeps_inputs_outputs_and_normalization()
    {
        using TempFolder folder = new();
        TrainedModel trained = ModelTrainer.Train(Model(folder), Options(folder), fromScratch: true, new DiagnosticList());
        Graph graph = OnnxReader.Read(trained.Onnx);
        CollectionAssert.AreEqual(
            new[] { "Conv", "BatchNormalization", "Relu", "AveragePool", "Flatten", "Gemm" }, graph.Nodes.Select(n => n.Type).ToArray());
        Assert.AreEqual("pixels", graph.Inputs.Single().Name);
        Assert.AreEqual(OnnxReader.Read(Model(folder)).Outputs.Single().Name, graph.Outputs.Single().Name);
        Assert.IsFalse(graph.Inputs[0].Shape![0].IsKnown);

        // Judged by code of its own, on images that it has not seen.
        (float[] images, long[] labels) = Images(300, 11);
        float[] scores = new Interpreter(graph).Run(Tensor.Of<float>([300, 1, 8, 8], images))[0].Span<float>().ToArray();
        int right = labels.Where((label, n) => scores[(n * 4) + (int)label] == scores.AsSpan(n * 4, 4).ToArray().Max()).Count();
        Assert.IsGreaterThan(270, right);
        StringAssert.Contains(trained.Best, "% right, loss");
        Assert.AreNotEqual(trained.Began, trained.Best);
    }

    [TestMethod]
    public void The_same_seed_gives_the_same_file_and_another_seed_another()
    {
        using TempFolder folder = new();
        CompileOptions options = Options(folder) with { Epochs = 2 };
        CollectionAssert.AreEqual(Train(options), Train(options));
        CollectionAssert.AreNotEqual(Train(options), Train(options with { Seed = 1 }));

        byte[] Train(CompileOptions o) => ModelTrainer.Train(Model(folder), o, fromScratch: true, new DiagnosticList()).Onnx;
    }

    [TestMethod]
    public void It_goes_on_from_the_models_weights()
    {
        using TempFolder folder = new();
        CompileOptions options = Options(folder);
        TrainedModel first = ModelTrainer.Train(Model(folder), options, fromScratch: true, new DiagnosticList());
        TrainedModel second = ModelTrainer.Train(
            folder.Write("first.onnx", first.Onnx), options with { Epochs = 3, LearningRate = 0.005 }, fromScratch: false,
            new DiagnosticList());
        Assert.AreEqual(first.Best, second.Began);
    }

    [TestMethod]
    public void Training_ends_early_where_nothing_becomes_better()
    {
        using TempFolder folder = new();
        CompileOptions options = Options(folder) with { Epochs = 40, LearningRate = 0.2,
            LearningRateSchedule = LearningRateSchedule.Constant };
        TrainedModel early = Train(options with { EarlyStop = 2 });
        Assert.AreEqual(early.BestEpoch + 2, early.Epochs);
        Assert.IsLessThan(40, early.Epochs);
        Assert.AreEqual(40, Train(options).Epochs);
        // The rate is constant, so that as many epochs do the same.
        CollectionAssert.AreEqual(Train(options with { Epochs = early.Epochs }).Onnx, early.Onnx);

        TrainedModel Train(CompileOptions o) => ModelTrainer.Train(Model(folder), o, fromScratch: true, new DiagnosticList());
    }

    [TestMethod]
    public void Floats_in_the_place_of_labels_are_what_the_output_should_be()
    {
        // y = A·x is learnt, so that the weights become A.
        using TempFolder folder = new();
        var g = new TestGraph();
        g.Output(g.Add("Gemm", [g.Input("x", -1, 3), g.Random(1, 2, 3), g.Random(2, 2)], ("transB", 1)));
        string model = folder.Write("linear.onnx", OnnxWriter.Write(g.Build()));
        float[] a = [0.5f, -1, 2, 1.5f, 0.25f, -0.75f], x = TestGraph.RandomTensor(5, 300, 3).Span<float>().ToArray(), y = new float[600];
        for (int n = 0; n < 300; n++)
        {
            for (int o = 0; o < 2; o++) y[(n * 2) + o] = Enumerable.Range(0, 3).Sum(i => a[(o * 3) + i] * x[(n * 3) + i]);
        }

        CompileOptions options = new()
        {
            TrainingData = [folder.Write("x.npy", DataTesting.Npy("<f4", "300, 3", MemoryMarshal.AsBytes<float>(x)))],
            TrainingLabels = folder.Write("y.npy", DataTesting.Npy("<f4", "300, 2", MemoryMarshal.AsBytes<float>(y))),
            Epochs = 40, BatchSize = 16, LearningRate = 0.05,
        };
        Graph trained = OnnxReader.Read(ModelTrainer.Train(model, options, fromScratch: true, new DiagnosticList()).Onnx);
        float[] weight = trained.Nodes.Single().Input(1).Constant!.Span<float>().ToArray();
        for (int i = 0; i < a.Length; i++) Assert.AreEqual(a[i], weight[i], 0.02f);
    }

    [TestMethod]
    public void What_cannot_be_trained_is_told()
    {
        using TempFolder folder = new();
        CompileOptions options = Options(folder);
        string model = Model(folder);
        Assert.AreEqual("MOPT4601", Code(model, options with { TrainingLabels = null }));
        Assert.AreEqual("MOPT4601", Code(model, options with { EvaluationData = options.TrainingData }));
        Assert.AreEqual("MOPT4501", Code(model, options with { TrainingData = [] }));
        Assert.AreEqual("MOPT4512", Code(model, options with { EvaluationLabels = options.TrainingLabels }));
        Assert.AreEqual("MOPT4602", Code(Model(folder, batch: 1), options));
        Assert.AreEqual("MOPT4604", Code(model, options with
        {
            EvaluationData = options.TrainingData,
            EvaluationLabels = Npy(folder, "<i8", "200,",
                MemoryMarshal.AsBytes<long>([.. Images(Samples, 9).Labels.Select(l => (l + 1) % 4)])),
        }, "at the start"));
        Assert.AreEqual("MOPT4605", Code(
            model, options with { InputStd = [4e-39f], Optimizer = OptimizerKind.Sgd, LearningRate = 1 }, "in step "));
        Assert.AreEqual("MOPT3010", Code(
            model, options with { TrainingLabels = Npy(folder, "<i8", "200, 2", MemoryMarshal.AsBytes<long>(new long[400])) }));
        Assert.AreEqual("MOPT3006", Code(
            model, options with { TrainingLabels = Npy(folder, "<f4", "200, 2", MemoryMarshal.AsBytes<float>(new float[400])) }));
        Assert.AreEqual("MOPT3011", Code(
            model, options with { TrainingLabels = Npy(folder, "<f4", "100, 4", MemoryMarshal.AsBytes<float>(new float[400])) }));
        var g = new TestGraph();
        g.Output(g.Add("Flatten", g.Add("Relu", g.Input("pixels", -1, 1, 2, 2))));
        Assert.AreEqual("MOPT4603", Code(
            folder.Write("relu.onnx", OnnxWriter.Write(g.Build())),
            options with { TrainingData = [Npy(folder, "<f4", "200, 2, 2", MemoryMarshal.AsBytes<float>(new float[800]))] }));

        static string Code(string model, CompileOptions options, string text = "")
        {
            Diagnostic diagnostic = Assert.ThrowsExactly<CompilationException>(
                () => ModelTrainer.Train(model, options, fromScratch: text == "in step ", new DiagnosticList())).Diagnostic;
            StringAssert.Contains(diagnostic.Message, text);
            return diagnostic.Descriptor.Code;
        }
    }

    private static string Npy(TempFolder folder, string type, string dims, ReadOnlySpan<byte> bytes) =>
        folder.Write($"{Guid.NewGuid():n}.npy", DataTesting.Npy(type, dims, bytes));

    private static CompileOptions Options(TempFolder folder)
    {
        (float[] images, long[] labels) = Images(Samples, 9);
        return new()
        {
            TrainingData = [folder.Write("x.npy", DataTesting.Npy("<f4", $"{Samples}, 1, 8, 8", MemoryMarshal.AsBytes<float>(images)))],
            TrainingLabels = folder.Write("y.npy", DataTesting.Npy("<i8", $"{Samples},", MemoryMarshal.AsBytes<long>(labels))),
            Epochs = 20, BatchSize = 16, LearningRate = 0.05,
        };
    }

    private static string Model(TempFolder folder, int batch = -1)
    {
        var g = new TestGraph();
        Value y = g.Add("Conv", [g.Input("pixels", batch, 1, 8, 8), g.Random(1, 6, 1, 3, 3)], ("pads", new[] { 1, 1, 1, 1 }));
        // One vector for all that is zero, as exporters write it.
        Value zeros = g.Floats(new float[6]), ones = g.Floats([1, 1, 1, 1, 1, 1]);
        y = g.Add("Relu", g.Add("BatchNormalization", [y, ones, zeros, zeros, ones]));
        y = g.Add("AveragePool", [y], ("kernel_shape", new[] { 4, 4 }), ("strides", new[] { 4, 4 }));
        g.Output(g.Add("Gemm", [g.Add("Flatten", y), g.Random(3, 4, 24), g.Random(4, 4)], ("transB", 1)));
        return folder.Write($"model{batch}.onnx", OnnxWriter.Write(g.Build()));
    }

    private static (float[] Images, long[] Labels) Images(int count, int seed)
    {
        var random = new Random(seed);
        float[] images = new float[count * 64];
        long[] labels = new long[count];
        for (int n = 0; n < count; n++)
        {
            int quarter = random.Next(4);
            labels[n] = quarter;
            for (int i = 0; i < 64; i++)
                images[(n * 64) + i] = random.NextSingle() + ((i / 32 * 2) + (i % 8 / 4) == quarter ? 0.3f : 0);
        }

        return (images, labels);
    }
}
