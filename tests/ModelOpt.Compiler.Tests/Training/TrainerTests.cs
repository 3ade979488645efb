using System.Runtime.InteropServices;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Tests.Data;
using ModelOpt.Compiler.Training;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Tests.Training;

/// <summary>A small network learns from labels which of its inputs' quarters is the brightest.</summary>
[TestClass]
internal sealed class TrainerTests
{
    private const int Samples = 120;

    [TestMethod]
    [DataRow(OptimizerKind.Adam, 0.02)]
    [DataRow(OptimizerKind.AdamW, 0.02)]
    [DataRow(OptimizerKind.Sgd, 0.05)]
    public void It_learns(OptimizerKind optimizer, double rate)
    {
        using TempFolder folder = new();
        (Graph graph, TrainingSet data) = Task(folder);
        int before = Right(graph, data);
        List<double> losses = Train(graph, data, Settings(rate, optimizer), 2);
        int after = Right(graph, data);
        Assert.IsLessThan(Samples / 2, before);
        Assert.IsGreaterThan(Samples * 9 / 10, after, $"{after} of {Samples} after, {before} before");
        Assert.IsLessThan(losses[0] / 2, losses[^1]);
    }

    [TestMethod]
    public void The_same_seed_gives_the_same_bits_on_any_threads_and_another_seed_others()
    {
        using TempFolder folder = new();
        Tensor[] expected = Run(1, 0);
        foreach (int threads in new[] { 2, 5 })
            Assert.IsTrue(expected.Zip(Run(threads, 0)).All(p => p.First.Bytes.Span.SequenceEqual(p.Second.Bytes.Span)),
                $"{threads} threads");
        Assert.IsFalse(expected.Zip(Run(1, 1)).All(p => p.First.Bytes.Span.SequenceEqual(p.Second.Bytes.Span)), "another seed");

        Tensor[] Run(int threads, int seed)
        {
            (Graph graph, TrainingSet data) = Task(folder);
            using (data) Train(graph, data,
                Settings(0.02, OptimizerKind.Adam) with { Epochs = 2, Seed = seed, Augmentation = Augmentation.FlipCrop }, threads);
            return [.. graph.Values.Where(v => v.IsConstant).OrderBy(v => v.Name, StringComparer.Ordinal).Select(v => v.Constant!)];
        }
    }

    [TestMethod]
    public void A_loss_that_is_not_finite_ends_training_and_is_told()
    {
        using TempFolder folder = new();
        (Graph graph, TrainingSet data) = Task(folder);
        using WorkerPool pool = new(1);
        Trainer trainer = new(graph, Settings(1, OptimizerKind.Sgd) with { LearningRate = 1e30 }, [new LabelObjective(graph.Outputs[0])],
            pool);
        (int step, string value) = trainer.Run(data, [.. Enumerable.Range(0, Samples)], (_, _, _) => { }, _ => true, default)!.Value;
        Assert.IsGreaterThan(1, step);
        Assert.Contains(value, graph.Values.Select(v => v.Name));
        data.Dispose();
    }

    [TestMethod]
    public void Cancellation_ends_training()
    {
        using TempFolder folder = new();
        (Graph graph, TrainingSet data) = Task(folder);
        using CancellationTokenSource source = new();
        using WorkerPool pool = new(1);
        Trainer trainer = new(graph, Settings(0.01, OptimizerKind.Sgd), [new LabelObjective(graph.Outputs[0])], pool);
        Assert.ThrowsExactly<OperationCanceledException>(() =>
            trainer.Run(data, [.. Enumerable.Range(0, Samples)], (step, _, _) => { if (step == 3)
                source.Cancel(); }, _ => true, source.Token));
        data.Dispose();
    }

    private static TrainingSettings Settings(double rate, OptimizerKind optimizer) =>
        new(30, 16, rate, optimizer, LearningRateSchedule.Cosine, Augmentation.None, 0);

    private static List<double> Train(Graph graph, TrainingSet data, TrainingSettings settings, int threads)
    {
        using WorkerPool pool = new(threads);
        List<double> losses = [];
        Trainer trainer = new(graph, settings, [new LabelObjective(graph.Outputs[0])], pool);
        Assert.IsNull(trainer.Run(data, [.. Enumerable.Range(0, data.Count)], (_, _, loss) => losses.Add(loss), _ => true, default));
        return losses;
    }

    private static int Right(Graph graph, TrainingSet data)
    {
        TrainingBatch all = data.Batch([.. Enumerable.Range(0, data.Count)], null);
        float[] scores = new Interpreter(graph).Run(all.Inputs)[0].Span<float>().ToArray();
        return all.Labels.Where((label, n) => Array.IndexOf(scores, scores.AsSpan(n * 4, 4).ToArray().Max(), n * 4, 4) - (n * 4) == label)
            .Count();
    }

    private static (Graph Graph, TrainingSet Data) Task(TempFolder folder)
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 1, 8, 8);
        Value y = g.Add("Relu", g.Add("Conv", [x, g.Random(1, 6, 1, 3, 3), g.Random(2, 6)], ("pads", new[] { 1, 1, 1, 1 })));
        y = g.Add("AveragePool", [y], ("kernel_shape", new[] { 4, 4 }), ("strides", new[] { 4, 4 }));
        g.Output(g.Add("Gemm", [g.Add("Flatten", y), g.Random(3, 4, 24), g.Random(4, 4)], ("transB", 1)));
        var random = new Random(9);
        float[] images = new float[Samples * 64];
        long[] labels = new long[Samples];
        for (int n = 0; n < Samples; n++)
        {
            int quarter = random.Next(4);
            labels[n] = quarter;
            for (int i = 0; i < 64; i++)
                images[(n * 64) + i] = random.NextSingle() + ((i / 32 * 2) + (i % 8 / 4) == quarter ? 0.3f : 0);
        }

        string data = folder.Write("x.npy", DataTesting.Npy("<f4", $"{Samples}, 1, 8, 8", MemoryMarshal.AsBytes<float>(images)));
        string classes = folder.Write("y.npy", DataTesting.Npy("<i8", $"{Samples},", MemoryMarshal.AsBytes<long>(labels)));
        Graph graph = g.Build();
        return (graph, new TrainingSet(graph, new CompileOptions(), "TrainingData", [data], classes));
    }
}
