using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Tests.Techniques.Quantize;

namespace ModelOpt.Compiler.Tests.Interpretation;

[TestClass]
internal sealed class InterpreterTests
{
    [TestMethod]
    [DataRow(1)]
    [DataRow(3)]
    public void Any_batch_agrees_with_ONNX_Runtime(int batch)
    {
        byte[] model = File.ReadAllBytes(GraphTesting.Fixture("fashion_mobilenet.onnx"));
        Graph graph = OnnxReader.Read(model);
        ShapeInference.Run(graph, useStated: true);
        var feeds = new Dictionary<string, Tensor> { ["image"] = TestGraph.RandomTensor(3, batch, 1, 28, 28) };
        GraphTesting.AssertClose(GraphTesting.RunPeer(model, feeds), graph.Interpret(feeds));
    }

    [TestMethod]
    public void The_hook_sees_every_value_that_the_chosen_outputs_need()
    {
        var g = new TestGraph();
        Value x = g.Input("x", 1, 2);
        Value middle = g.Add("Relu", x);
        g.Output(g.Add("Add", middle, g.Scalar(1)));
        g.Output(g.Add("Tanh", middle));
        Graph graph = g.Build();
        List<string> seen = [];
        var interpreter = new Interpreter(graph, [graph.Outputs[0]]) { Hook = (value, _) => seen.Add(value.Name) };
        Tensor result = interpreter.Run(Tensor.Of<float>([1, 2], [-1, 2])).Single();
        CollectionAssert.AreEqual(new[] { 1f, 3f }, result.Span<float>().ToArray());
        CollectionAssert.AreEqual(new[] { "x", middle.Name, graph.Outputs[0].Name }, seen);
    }

    [TestMethod]
    public void Fake_quantization_rounds_inputs_constants_and_results()
    {
        var g = new TestGraph();
        Value x = g.Input("x", 1, 2), c = g.Floats(0.3f, 0.8f);
        Value y = g.Output(g.Add("Add", x, c));
        foreach (Value value in new[] { x, c }) value.Quantization = Quantization.PerTensor(ElementType.Int8, 0.5f, 0);
        y.Quantization = Quantization.PerTensor(ElementType.Int8, 1, 0);
        Graph graph = g.Build();
        var feeds = new Dictionary<string, Tensor> { ["x"] = Tensor.Of<float>([1, 2], [1.1f, 300]) };
        CollectionAssert.AreEqual(new[] { 1.1f + 0.3f, 300.8f }, graph.Interpret(feeds)[0].Span<float>().ToArray());
        // 1 + 0.5 is rounded to even; 300 is clamped to 63.5 and the sum, 64.5, to even again.
        CollectionAssert.AreEqual(new[] { 2f, 64f }, graph.Interpret(feeds, fakeQuantize: true)[0].Span<float>().ToArray());
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Memory_that_is_used_again_changes_no_result(bool rounds)
    {
        Graph graph = Aliasing();
        if (rounds) graph.Annotate(TestGraph.RandomTensor(1, 3, 4, 6, 6));
        Tensor[][] samples = [.. Enumerable.Range(0, 4).Select(i => new[] { TestGraph.RandomTensor(i, 1 + (i % 2), 4, 6, 6) })];
        Interpreter plain = new(graph) { FakeQuantize = rounds }, reusing = new(graph) { FakeQuantize = rounds, Reuses = true };
        Tensor[][] wanted = [.. samples.Select(s => plain.Run(s))], got = [.. samples.Select(s => reusing.Run(s))];
        Tensor[][] together = reusing.RunTogether(samples, default);
        for (int s = 0; s < samples.Length; s++)
        {
            for (int o = 0; o < wanted[s].Length; o++)
            {
                CollectionAssert.AreEqual(wanted[s][o].Bytes.ToArray(), got[s][o].Bytes.ToArray(), $"output {o} of sample {s}");
                CollectionAssert.AreEqual(wanted[s][o].Bytes.ToArray(), together[s][o].Bytes.ToArray(), $"output {o} of sample {s}");
            }
        }
    }

    [TestMethod]
    public void What_is_only_watched_is_shown_and_not_kept()
    {
        Graph graph = Aliasing();
        Value[] all = [.. graph.Values.Where(v => !v.IsConstant)];
        Dictionary<string, byte[]> wanted = [], seen = [];
        Tensor x = TestGraph.RandomTensor(5, 2, 4, 6, 6);
        new Interpreter(graph, all) { Hook = (value, tensor) => wanted[value.Name] = tensor.Bytes.ToArray() }.Run(x);
        Interpreter watched = new(graph, all)
        {
            Reuses = true, IsWatched = true, Hook = (value, tensor) => seen[value.Name] = tensor.Bytes.ToArray(),
        };
        for (int run = 0; run < 2; run++)
        {
            seen.Clear();
            Assert.IsEmpty(watched.Run(x));
            CollectionAssert.AreEquivalent(wanted.Keys, seen.Keys);
            foreach ((string name, byte[] bytes) in wanted) CollectionAssert.AreEqual(bytes, seen[name], name);
        }
    }

    [TestMethod]
    public void A_chain_takes_the_memory_of_few_of_its_values()
    {
        const int Depth = 40, Size = 1 << 16;
        var g = new TestGraph();
        Value x = g.Input("x", 1, Size);
        for (int i = 0; i < Depth; i++) x = g.Add("Relu", x);
        g.Output(x);
        Interpreter interpreter = new(g.Build()) { Reuses = true };
        Tensor[] input = [TestGraph.RandomTensor(1, 1, Size)];
        interpreter.Run(input);
        long before = GC.GetAllocatedBytesForCurrentThread();
        interpreter.Run(input);
        Assert.IsLessThan(2 * Size * sizeof(float), GC.GetAllocatedBytesForCurrentThread() - before);
    }

    /// <summary>Values that lie in the memory of others, outputs among them, and one that nobody reads.</summary>
    private static Graph Aliasing()
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 4, 6, 6);
        Value conv = g.Add("Conv", x, g.Random(1, 4, 4, 1, 1)), same = g.Add("Identity", conv);
        Value flat = g.Add("Reshape", same, g.Longs(0, -1));
        g.Output(flat);
        Value relu = g.Add("Relu", same);
        g.Output(g.Add("Add", g.Add("Conv", relu, g.Random(2, 4, 4, 1, 1)), conv));
        g.Output(g.Add("Sigmoid", g.Add("Identity", g.Add("Relu", g.Add("Reshape", relu, g.Longs(0, -1))))));
        return g.Build();
    }

    [TestMethod]
    public void A_missing_or_wrong_feed_and_cancellation_end_the_run()
    {
        var g = new TestGraph();
        g.Output(g.Add("MatMul", g.Input("x", -1, 2), g.Random(1, 2, 2)));
        Graph graph = g.Build();
        var interpreter = new Interpreter(graph);
        Assert.ThrowsExactly<ArgumentException>(() => interpreter.Run(new Dictionary<string, Tensor>()));
        Assert.ThrowsExactly<ArgumentException>(() => interpreter.Run());
        Assert.ThrowsExactly<CompilationException>(() => interpreter.Run(Tensor.Of<float>([1, 3], [1, 2, 3])));
        Assert.ThrowsExactly<OperationCanceledException>(
            () => interpreter.Run([TestGraph.RandomTensor(1, 1, 2)], new CancellationToken(canceled: true)));
    }
}
