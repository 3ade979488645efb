using ModelOpt.Compiler.Training;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Tests.Operators.Normalization;

/// <summary>BatchNormalization by the statistics of the batch, against its definition in double precision.</summary>
[TestClass]
internal sealed class BatchMomentsTests
{
    private const int Batch = 35, Channels = 3, Plane = 20;

    [TestMethod]
    public void Results_and_gradients_are_those_of_the_definition()
    {
        (Graph graph, Tensor x, Tensor seed) = Task();
        var tape = new GradientTape(graph, graph.Outputs, batchStatistics: true);
        float[] y = tape.Forward([x])[0].Span<float>().ToArray();
        double[] inputs = Doubles(x), scale = Doubles(Parameter(graph, 1)), shift = Doubles(Parameter(graph, 2)),
            factor = Doubles(Parameter(graph, 0));
        double[] expected = Run(inputs, factor, scale, shift);
        for (int i = 0; i < y.Length; i++) Assert.AreEqual(expected[i], y[i], 1e-5);
        Tensor[] gradients = tape.Backward([seed]);
        Assert.HasCount(3, gradients);
        const double step = 1e-6;
        foreach ((double[] parameter, Tensor gradient) in new[] { factor, scale, shift }.Zip(gradients))
        {
            for (int i = 0; i < parameter.Length; i++)
            {
                parameter[i] += step;
                double more = Loss();
                parameter[i] -= 2 * step;
                double less = Loss();
                parameter[i] += step;
                Assert.AreEqual((more - less) / (2 * step), gradient.Span<float>()[i], 2e-4);
            }
        }

        double Loss() => Run(inputs, factor, scale, shift).Select((v, i) => v * seed.Span<float>()[i]).Sum();
    }

    [TestMethod]
    public void Threads_change_no_bit_and_running_statistics_follow_the_batch()
    {
        Tensor[]? first = null;
        foreach (int threads in new[] { 1, 2, 5 })
        {
            (Graph graph, Tensor x, Tensor seed) = Task();
            using WorkerPool pool = new(threads);
            var tape = new GradientTape(graph, graph.Outputs, batchStatistics: true) { Pool = pool };
            tape.Forward([x]);
            Tensor[] gradients = tape.Backward([seed]);
            tape.FollowStatistics();
            Node norm = graph.Nodes.Single(n => n.Type == "BatchNormalization");
            Tensor[] all = [.. gradients, norm.Input(3).Constant!, norm.Input(4).Constant!];
            first ??= all;
            Assert.IsTrue(first.Zip(all).All(p => p.First.Bytes.Span.SequenceEqual(p.Second.Bytes.Span)), $"{threads} threads");
        }

        (Graph before, Tensor samples, _) = Task();
        Node node = before.Nodes.Single(n => n.Type == "BatchNormalization");
        double[] values = Doubles(samples), factors = Doubles(Parameter(before, 0));
        for (int c = 0; c < Channels; c++)
        {
            double[] channel = [.. values.Select((v, i) => (v, i)).Where(p => p.i / Plane % Channels == c).Select(p => p.v * factors[c])];
            double mean = channel.Average(), variance = channel.Average(v => (v - mean) * (v - mean));
            Assert.AreEqual((0.8 * node.Input(3).Constant!.Span<float>()[c]) + (0.2 * mean), first![3].Span<float>()[c], 1e-6);
            Assert.AreEqual((0.8 * node.Input(4).Constant!.Span<float>()[c]) + (0.2 * variance), first[4].Span<float>()[c], 1e-6);
        }
    }

    /// <summary>x times a factor for each channel (a depthwise Conv), normalized, squashed.</summary>
    private static (Graph Graph, Tensor X, Tensor Seed) Task()
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, Channels, 4, 5);
        Value scaled = g.Add("Conv", [x, g.Random(1, Channels, 1, 1, 1)], ("group", (long)Channels));
        Value norm = g.Add(
            "BatchNormalization", [scaled, g.Random(2, Channels), g.Random(3, Channels), g.Random(4, Channels), g.Floats(0.5f, 1, 2)],
            ("momentum", 0.8f));
        g.Output(g.Add("Tanh", norm));
        return (g.Build(), TestGraph.RandomTensor(7, Batch, Channels, 4, 5), TestGraph.RandomTensor(8, Batch, Channels, 4, 5));
    }

    private static Tensor Parameter(Graph graph, int index) => new GradientTape(graph, graph.Outputs).Parameters[index].Constant!;

    private static double[] Doubles(Tensor tensor) => Array.ConvertAll(tensor.Span<float>().ToArray(), v => (double)v);

    private static double[] Run(double[] x, double[] factor, double[] scale, double[] shift)
    {
        double[] y = new double[x.Length];
        for (int c = 0; c < Channels; c++)
        {
            int[] own = [.. Enumerable.Range(0, x.Length).Where(i => i / Plane % Channels == c)];
            double mean = own.Average(i => x[i] * factor[c]), variance = own.Average(i => Math.Pow((x[i] * factor[c]) - mean, 2));
            foreach (int i in own) y[i] = Math.Tanh((((x[i] * factor[c]) - mean) / Math.Sqrt(variance + 1e-5f) * scale[c]) + shift[c]);
        }

        return y;
    }
}
