using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Simplify;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Tests.Calibration;

[TestClass]
internal sealed class SampleFrontTests
{
    private const int Samples = 3;

    /// <summary>A residual block: a value that is computed early and read late has to be held with the place.</summary>
    private static Graph Residual()
    {
        var g = new TestGraph();
        Value x = g.Input("x", 1, 4);
        Value first = g.Add("Gemm", [x, g.Random(1, 4, 4), g.Random(2, 4)], ("transB", 1));
        Value second = g.Add("Gemm", [first, g.Random(3, 4, 4), g.Random(4, 4)], ("transB", 1));
        Value third = g.Add("Gemm", [g.Add("Relu", [second]), g.Random(5, 4, 4), g.Random(6, 4)], ("transB", 1));
        g.Output(g.Add("Add", [third, first]));
        return g.Build();
    }

    [TestMethod]
    public void Samples_go_on_from_where_they_are()
    {
        Graph graph = Residual();
        Node[] layers = [.. graph.Nodes.Where(n => n.Type == "Gemm")];
        int reads = 0;
        SampleFront front = new(graph, Samples, i =>
        {
            reads++;
            return Sample(i);
        });
        foreach (Node layer in layers)
        {
            float[][] expected = [.. Enumerable.Range(0, Samples).Select(i => Output(graph, i))];
            CollectionAssert.AreEqual(expected.SelectMany(e => e).ToArray(), Seen(front, graph, [layer]),
                "what is ahead is what the whole graph computes");
            Spoil(graph, layer);
        }

        // The first place is the graph's input, as the second move finds it.
        Assert.AreEqual(Samples, reads, "samples are read once");
        CollectionAssert.AreEqual(Enumerable.Range(0, Samples).SelectMany(i => Output(graph, i)).ToArray(), Seen(front, graph, []),
            "the place is before the layer, which may change");
    }

    [TestMethod]
    public void What_is_behind_the_place_is_not_run_again()
    {
        Graph graph = Residual();
        Node[] layers = [.. graph.Nodes.Where(n => n.Type == "Gemm")];
        SampleFront front = new(graph, Samples, Sample);
        float[] before = Seen(front, graph, [layers[2]]);
        Spoil(graph, layers[0]);
        CollectionAssert.AreEqual(before, Seen(front, graph, []));
    }

    [TestMethod]
    public void What_is_observed_before_the_place_is_held()
    {
        var g = new TestGraph();
        Value x = g.Input("x", 1, 4), first = g.Add("Gemm", [x, g.Random(1, 4, 4), g.Random(2, 4)], ("transB", 1));
        g.Output(g.Add("Relu", x));
        Node second = g.Node("Gemm", [first, g.Random(3, 4, 4), g.Random(4, 4)], 1, ("transB", 1));
        g.Output(second.Output);
        Graph graph = g.Build();
        SampleFront front = new(graph, Samples, Sample);
        float[] before = Seen(front, graph, [second]);
        CollectionAssert.AreEqual(before, Seen(front, graph, [second]));
        CollectionAssert.AreEqual(before, Seen(front, graph, []));
    }

    private static float[] Seen(SampleFront front, Graph graph, Node[] layers)
    {
        using WorkerPool pool = new(2);
        List<float> seen = [];
        front.MoveTo(layers, [graph.Outputs[0]], pool, (_, tensor) => seen.AddRange(tensor.Span<float>()));
        for (int i = 0; i < Samples; i++) front.Run(i, default);
        return [.. seen];
    }

    private static float[] Output(Graph graph, int sample) =>
        graph.Interpret(new Dictionary<string, Tensor> { ["x"] = Sample(sample)[0] })[0].Span<float>().ToArray();

    private static Tensor[] Sample(int i) => [Tensor.Of<float>([1, 4], [i, 1 - i, 0.5f * i, 2])];

    private static void Spoil(Graph graph, Node layer) =>
        OutputAffine.SetConstants(graph, layer, [.. layer.Input(1).Constant!.Span<float>().ToArray().Select(w => w * 0.7f)], [1, 2, 3, 4]);
}
