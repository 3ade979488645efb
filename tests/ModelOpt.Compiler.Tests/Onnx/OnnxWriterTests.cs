using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Onnx.Proto;
using ModelOpt.Compiler.Tests.Peers;

namespace ModelOpt.Compiler.Tests.Onnx;

[TestClass]
internal sealed class OnnxWriterTests
{
    private static readonly Quantization Grid = Quantization.PerTensor(ElementType.Int8, 1 / 32f, -5);

    [TestMethod]
    [DataRow("fashion_cnn.onnx")]
    [DataRow("fashion_mobilenet.onnx")]
    public void A_model_read_and_written_computes_the_same(string name)
    {
        byte[] original = File.ReadAllBytes(GraphTesting.Fixture(name));
        Graph graph = OnnxReader.Read(original);
        ShapeInference.Run(graph, useStated: true);
        byte[] written = OnnxWriter.Write(graph);
        OnnxRuntime.AssertValid(written);
        Dictionary<string, Tensor> feeds = graph.Feeds();
        Tensor[] expected = GraphTesting.RunPeer(original, feeds);
        GraphTesting.AssertClose(expected, GraphTesting.RunPeer(written, feeds));
        GraphTesting.AssertClose(expected, graph.Interpret(feeds));

        Graph again = OnnxReader.Read(written);
        ShapeInference.Run(again, useStated: true);
        CollectionAssert.AreEqual(written, OnnxWriter.Write(again), "what is written is read as it was");
    }

    [TestMethod]
    public void Nodes_of_one_name_are_written_apart()
    {
        byte[] model = new OnnxModel().Input("x", "1", "2").Output("y", "1", "2")
            .Node("Relu n: x -> a").Node("Neg n: a -> b").Node("Abs n_2: b -> c").Node("Exp n: c -> y").Bytes();
        Graph graph = OnnxReader.Read(model);
        ShapeInference.Run(graph);
        byte[] written = OnnxWriter.Write(graph);
        CollectionAssert.AreEqual(
            new[] { "n", "n_2", "n_2_2", "n_3" }, ModelProto.Parser.ParseFrom(written).Graph.Node.Select(n => n.Name).ToArray());
        OnnxRuntime.AssertValid(written);
    }

    [TestMethod]
    public void Annotations_become_pairs_that_are_read_back()
    {
        Graph graph = Quantized(relu: false);
        byte[] written = OnnxWriter.Write(graph);
        OnnxRuntime.AssertValid(written);
        CollectionAssert.AreEqual(written, OnnxWriter.Write(graph));
        Assert.AreEqual(
            "QuantizeLinear DequantizeLinear DequantizeLinear DequantizeLinear Conv QuantizeLinear DequantizeLinear",
            Types(written));

        Graph again = OnnxReader.Read(written);
        ShapeInference.Run(again, useStated: true);
        Assert.AreEqual("Conv", again.Types());
        Assert.AreEqual(Grid, again.Inputs[0].Quantization);
        Assert.AreEqual(Grid, again.Outputs[0].Quantization);
        Assert.AreEqual(graph.Outputs[0].Name, again.Outputs[0].Name);
        Assert.AreEqual(graph.Nodes[0].Input(1).Quantization, again.Nodes[0].Input(1).Quantization);
        Assert.AreEqual(graph.Nodes[0].Input(2).Quantization, again.Nodes[0].Input(2).Quantization);
        AssertSameSteps(graph, written);
    }

    [TestMethod]
    public void An_activation_that_saturation_does_is_left_out()
    {
        Graph graph = Quantized(relu: true);
        Value output = graph.Outputs[0];
        output.Quantization = Quantization.PerTensor(ElementType.Int8, 1 / 32f, -128);
        byte[] written = OnnxWriter.Write(graph);
        Assert.IsFalse(Types(written).Contains("Relu", StringComparison.Ordinal));
        OnnxRuntime.AssertValid(written);
        AssertSameSteps(graph, written);
    }

    [TestMethod]
    public void Before_an_activation_that_saturation_does_not_do_stands_a_pair()
    {
        Graph graph = Quantized(relu: true);
        byte[] written = OnnxWriter.Write(graph);
        StringAssert.EndsWith(Types(written), "Conv QuantizeLinear DequantizeLinear Relu QuantizeLinear DequantizeLinear");
        OnnxRuntime.AssertValid(written);
        AssertSameSteps(graph, written);
    }

    [TestMethod]
    public void Float16_constants_are_written_as_halves()
    {
        var g = new TestGraph();
        g.Output(g.Add("MatMul", g.Input("x", -1, 8), g.Random(1, 8, 4)));
        Graph graph = g.Build();
        Value weight = graph.Nodes[0].Input(1);
        weight.Quantization = StoredWeights.Float16;
        byte[] written = OnnxWriter.Write(graph);
        OnnxRuntime.AssertValid(written);
        Assert.AreEqual("Cast MatMul", Types(written));
        Assert.AreEqual(64, ModelProto.Parser.ParseFrom(written).Graph.Initializer.Single().RawData.Length);
        Dictionary<string, Tensor> feeds = graph.Feeds();
        GraphTesting.AssertClose(graph.Interpret(feeds, fakeQuantize: true), GraphTesting.RunPeer(written, feeds));
    }

    [TestMethod]
    public void The_opset_is_raised_where_a_node_needs_it()
    {
        var g = new TestGraph();
        Value x = g.Input("x", 1, 2, 9, 9);
        Value pooled = g.Add("AveragePool", [x], ("kernel_shape", new[] { 2, 2 }), ("dilations", new[] { 2, 2 }));
        Value[] halves = [.. g.Node("Split", [pooled], 2, ("axis", 1)).Outputs.OfType<Value>()];
        g.Output(g.Add("ReduceMean", [g.Add("Add", halves), g.Longs(2, 3)], ("keepdims", 0)));
        Graph graph = g.Build();
        byte[] written = OnnxWriter.Write(graph);
        Assert.AreEqual(19, ModelProto.Parser.ParseFrom(written).OpsetImport.Single().Version);
        Dictionary<string, Tensor> feeds = graph.Feeds();
        GraphTesting.AssertClose(graph.Interpret(feeds), GraphTesting.RunPeer(written, feeds));
        Assert.AreEqual("AveragePool Split Add ReduceMean", OnnxReader.Read(written).Types());
    }

    private static string Types(byte[] model) =>
        string.Join(' ', ModelProto.Parser.ParseFrom(model).Graph.Node.Select(n => n.OpType));

    /// <summary>ONNX Runtime's integer kernels and the interpreter agree to the last step.</summary>
    private static void AssertSameSteps(Graph graph, byte[] written)
    {
        Dictionary<string, Tensor> feeds = graph.Feeds();
        CollectionAssert.AreEqual(
            GraphTesting.RunPeer(written, feeds)[0].Span<float>().ToArray(),
            graph.Interpret(feeds, fakeQuantize: true)[0].Span<float>().ToArray());
    }

    private static Graph Quantized(bool relu)
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 4, 12, 12);
        x.Quantization = Grid;
        Value weight = g.Random(1, 6, 4, 3, 3), bias = g.Random(2, 6);
        float[] scales = [.. Enumerable.Range(1, 6).Select(i => i / 800f)];
        weight.Quantization = new Quantization(ElementType.Int8, scales, new int[6], 0);
        bias.Quantization = new Quantization(ElementType.Int32, [.. scales.Select(s => s * Grid.Scale)], new int[6], 0);
        foreach (Value constant in new[] { weight, bias }) constant.Constant = constant.Quantization!.Round(constant.Constant!);
        Value y = g.Add("Conv", [x, weight, bias], ("pads", new[] { 1, 1, 1, 1 }));
        Value output = g.Output(relu ? g.Add("Relu", y) : y);
        output.Quantization = Grid;
        return g.Build();
    }
}
