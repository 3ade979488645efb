using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Onnx;

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
