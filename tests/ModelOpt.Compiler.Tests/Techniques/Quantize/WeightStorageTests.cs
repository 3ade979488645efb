using System.Runtime.InteropServices;
using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Simplify;
using ModelOpt.Compiler.Techniques.Quantize;
using ModelOpt.Compiler.Tests.Data;
using ModelOpt.Compiler.Tests.Simplify;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;
using Graph = ModelOpt.Compiler.Graphs.Graph;
using Node = ModelOpt.Runtime.Model.Node;
using Tensor = ModelOpt.Compiler.Graphs.Tensor;

namespace ModelOpt.Compiler.Tests.Techniques.Quantize;

[TestClass]
internal sealed class WeightStorageTests
{
    [TestMethod]
    public void Int8_without_calibration_data_is_weight_only_and_warns()
    {
        Graph graph = TwoLayers();
        (PassResult result, string codes) = Apply(graph, QuantizationMode.Int8);
        Assert.AreEqual((2, "MOPT4010"), (result.Changes, codes));
        AssertWeights(graph, ElementType.Int8);
        Assert.IsTrue(graph.Nodes.All(n => n.Input(2).Quantization is null && n.Output.Quantization is null));
    }

    [TestMethod]
    public void WeightOnlyInt8_does_not_warn()
    {
        Graph graph = TwoLayers();
        Assert.AreEqual("", Apply(graph, QuantizationMode.WeightOnlyInt8).Codes);
        AssertWeights(graph, ElementType.Int8);
    }

    [TestMethod]
    public void Float16_takes_weights_and_biases()
    {
        Graph graph = TwoLayers();
        (PassResult result, string codes) = Apply(graph, QuantizationMode.Float16);
        Assert.AreEqual((2, ""), (result.Changes, codes));
        AssertWeights(graph, ElementType.Float16);
        Assert.IsTrue(graph.Nodes.All(n => n.Input(2).Quantization == StoredWeights.Float16));
    }

    /// <summary>The weights of recurrent layers are a quarter or half as large; in int8 the layer takes them as they are.</summary>
    [TestMethod]
    [DataRow("LSTM", 4, QuantizationMode.Int8, TensorType.Int8, 25)]
    [DataRow("LSTM", 4, QuantizationMode.WeightOnlyInt8, TensorType.Int8, 30)]
    [DataRow("GRU", 3, QuantizationMode.Float16, TensorType.Float16, 50)]
    [DataRow("RNN", 1, QuantizationMode.Int8, TensorType.Int8, 25)]
    public void Recurrent_layers_have_small_weights(string type, int gates, QuantizationMode mode, TensorType stored, double least)
    {
        var g = new TestGraph();
        Value x = g.Add("Transpose", [g.Input("x", 1, 3, 8)], ("perm", new[] { 1, 0, 2 }));
        Value y = g.Node(type, [x, g.Random(1, 2, gates * 16, 8), g.Random(2, 2, gates * 16, 16), g.Random(3, 2, 2 * gates * 16)], 1,
            ("hidden_size", 16), ("direction", "bidirectional")).Output;
        g.Output(g.Add("MatMul", y, g.Random(4, 16, 4)));
        Graph graph = g.Build();
        using var folder = new TempFolder();
        CompileOptions options = (mode == QuantizationMode.Int8 ? folder.Calibrated(graph).Options : new CompileOptions()) with
        {
            Quantization = mode,
        };
        CompiledModel model = ModelCompiler.Compile(folder.Write("model.onnx", OnnxWriter.Write(graph)), options, new DiagnosticList());
        Node[] nodes = [.. GraphReader.Read(model.Tflite).Nodes];
        Assert.AreEqual(mode == QuantizationMode.Int8 ? 0 : 2,
            nodes.Count(n => n.Operator == BuiltinOperator.Dequantize && n.Input(0) is { IsConstant: true, Rank: 3 }));
        var weights = nodes.SelectMany(n => n.Inputs).Where(t => t is { IsConstant: true, Rank: 3 }).ToArray();
        Assert.HasCount(2, weights);
        Assert.IsTrue(Array.TrueForAll(weights, t => t!.Type == stored));
        Assert.AreEqual(stored == TensorType.Int8 ? 8 : 16, model.Report.Layers.Single(l => l.Operator == type).WeightBits);
        Tensor sample = TestGraph.RandomTensor(7, 1, 3, 8), exact = new Interpreter(graph).Run(sample)[0];
        Assert.IsGreaterThan(least, QuantizeTesting.Sqnr(exact, TfliteRunner.Run(model.Tflite, sample)[0]), "runtime");
        Tensor peer = GraphTesting.RunPeer(model.Onnx, new Dictionary<string, Tensor> { ["x"] = sample })[0];
        Assert.IsGreaterThan(least, QuantizeTesting.Sqnr(exact, peer), ".onnx");
    }

    [TestMethod]
    [DataRow(QuantizationMode.Int8, ElementType.Int8)]
    [DataRow(QuantizationMode.WeightOnlyInt8, ElementType.Int8)]
    [DataRow(QuantizationMode.Float16, ElementType.Float16)]
    public void Layers_in_bodies_have_small_weights(QuantizationMode mode, ElementType stored)
    {
        var g = new TestGraph();
        Value x = g.Input("x", 1, 8);
        Value isLarge = g.Add("Greater", g.Add("ReduceMax", [x], ("keepdims", 0)), g.Scalar(0.5f));
        ModelOpt.Compiler.Graphs.Node choice = g.Node("If", [isLarge], 1);
        choice.Attributes["then_branch"] = Branch(1);
        choice.Attributes["else_branch"] = Branch(2);
        choice.SetInput(1, x);
        g.Output(choice.Output);
        Graph graph = g.Build();
        using var folder = new TempFolder();
        CompileOptions options = (mode == QuantizationMode.Int8 ? folder.Calibrated(graph).Options : new CompileOptions()) with
        {
            Quantization = mode,
        };
        CompiledModel model = ModelCompiler.Compile(folder.Write("model.onnx", OnnxWriter.Write(graph)), options, new DiagnosticList());
        Graph written = OnnxReader.Read(model.Onnx);
        foreach (Graph body in written.Nodes.Single(n => n.Type == "If").Bodies)
            Assert.IsTrue(body.Values.Any(v => v.Constant is { Count: 32 } weight && weight.Type == stored));
        Tensor sample = TestGraph.RandomTensor(7, 1, 8), exact = new Interpreter(graph).Run(sample)[0];
        Assert.IsGreaterThan(30, QuantizeTesting.Sqnr(exact, TfliteRunner.Run(model.Tflite, sample)[0]), "runtime");
        Assert.IsGreaterThan(30, QuantizeTesting.Sqnr(exact, TfliteRunner.RunLiteRt(model.Tflite, sample)[0]), "LiteRT");
        Tensor peer = GraphTesting.RunPeer(model.Onnx, new Dictionary<string, Tensor> { ["x"] = sample })[0];
        Assert.IsGreaterThan(30, QuantizeTesting.Sqnr(exact, peer), ".onnx");

        static Graph Branch(int seed)
        {
            var body = new TestGraph();
            body.Output(body.Add("MatMul", body.Input("x_inside", 1, 8), body.Random(seed, 8, 4)));
            body.Graph.Captures = 1;
            return body.Graph;
        }
    }

    /// <summary>Words whose sum a normalization reads in float are a quarter as large nevertheless, each with a scale of its own.</summary>
    [TestMethod]
    public void Tables_that_are_read_in_float_are_stored_as_int8()
    {
        var g = new TestGraph();
        Value words = g.Add("Gather", g.Random(1, 64, 16), g.Input("words", ElementType.Int64, 1, 3));
        Value y = g.Add("LayerNormalization", g.Add("Add", words, g.Random(2, 3, 16)), g.Random(3, 16), g.Random(4, 16));
        g.Output(g.Add("MatMul", y, g.Random(5, 16, 8)));
        Graph graph = g.Build();
        using var folder = new TempFolder();
        long[] samples = [.. Enumerable.Range(0, 3 * 32).Select(i => (long)(i * 11 % 64))];
        string data = folder.Write("data.npy", DataTesting.Npy("<i8", "32, 3", MemoryMarshal.AsBytes<long>(samples)));
        CompiledModel model = ModelCompiler.Compile(
            folder.Write("model.onnx", OnnxWriter.Write(graph)), new CompileOptions { CalibrationData = [data] }, new DiagnosticList());
        Graph written = OnnxReader.Read(model.Onnx);
        Value table = written.Nodes.Single(n => n.Type == "Gather").Input(0);
        Assert.AreEqual((ElementType.Int8, 0), (table.Quantization!.Type, table.Quantization.Axis));
        Assert.IsNull(written.Nodes.Single(n => n.Type == "Gather").Output.Quantization, "computed in float");
        Tensor sample = Tensor.Of<long>([1, 3], [5, 60, 17]), exact = new Interpreter(graph).Run(sample)[0];
        Assert.IsGreaterThan(25, QuantizeTesting.Sqnr(exact, TfliteRunner.Run(model.Tflite, sample)[0]), "runtime");
    }

    [TestMethod]
    public void None_leaves_the_graph_alone()
    {
        Graph graph = TwoLayers();
        Assert.AreEqual(0, Apply(graph, QuantizationMode.None).Result.Changes);
        Assert.IsTrue(graph.Values.All(v => v.Quantization is null));
    }

    [TestMethod]
    [DataRow(70_000f, "a weight is too large for float16")]
    [DataRow(1e-6f, "its weights are too small for float16")]
    [DataRow(1e-20f, "its weights are too small for float16")]
    public void What_cannot_be_stored_is_noted(float weight, string reason)
    {
        var g = new TestGraph();
        g.Output(g.Add("Conv", g.Input("x", -1, 1, 4, 4), g.Constant(Tensor.Of<float>([3, 1, 1, 1], [weight, 0.3f * weight, 0]))));
        Assert.AreEqual($"Conv: {reason}", Apply(g.Build(), QuantizationMode.Float16).Result.Notes.Single().ToString());
    }

    [TestMethod]
    public void A_channel_of_next_to_nothing_does_not_keep_a_layer_from_float16()
    {
        var g = new TestGraph();
        g.Output(g.Add("Conv", g.Input("x", -1, 1, 4, 4), g.Constant(Tensor.Of<float>([3, 1, 1, 1], [0.7f, 1e-12f, 0]))));
        Assert.AreEqual(1, Apply(g.Build(), QuantizationMode.Float16).Result.Changes);
    }

    [TestMethod]
    public void A_rule_speaks_for_its_layer_alone_even_where_the_weight_is_shared()
    {
        var g = new TestGraph();
        Value w = g.Random(1, 4, 4, 1, 1), b = g.Random(2, 4);
        float[] exact = w.Constant!.Span<float>().ToArray();
        g.Output(g.Add("Conv", g.Add("Conv", g.Input("x", -1, 4, 4, 4), w, b), w, b));
        Graph graph = g.Build();
        Recipe recipe = new() { Layers = [new LayerRule("Conv_1", QuantizationMode.None)] };
        Assert.AreEqual(1, Apply(graph, QuantizationMode.Float16, recipe).Result.Changes);
        GraphVerifier.Verify(graph, "storage");
        Assert.AreEqual(ElementType.Float16, graph.Nodes[0].Input(1).Quantization!.Type);
        Assert.IsTrue(graph.Nodes[1].Inputs.All(i => i!.Quantization is null));
        CollectionAssert.AreEqual(exact, graph.Nodes[1].Input(1).Constant!.Span<float>().ToArray());
    }

    [TestMethod]
    public void A_weight_shared_by_layers_stored_alike_is_stored_once()
    {
        var g = new TestGraph();
        Value w = g.Random(1, 4, 4, 1, 1);
        g.Output(g.Add("Conv", g.Add("Conv", g.Input("x", -1, 4, 4, 4), w), w));
        Graph graph = g.Build();
        PassResult result = Apply(graph, QuantizationMode.WeightOnlyInt8).Result;
        Assert.AreEqual(2, result.Changes);
        Assert.IsEmpty(result.Notes);
        Assert.AreSame(graph.Nodes[0].Input(1), graph.Nodes[1].Input(1));
    }

    private static (PassResult Result, string Codes) Apply(Graph graph, QuantizationMode mode, Recipe? recipe = null)
    {
        var diagnostics = new DiagnosticList();
        PassResult result = new WeightStorage().Apply(
            graph, new(new CompileOptions { Quantization = mode }, recipe ?? new Recipe(), diagnostics));
        return (result, string.Join(',', diagnostics.Diagnostics.Select(d => d.Descriptor.Code)));
    }

    private static void AssertWeights(Graph graph, ElementType type)
    {
        foreach (Value weight in graph.Nodes.Select(n => n.Input(1)))
        {
            Assert.AreEqual(type, weight.Quantization!.Type);
            Assert.AreEqual(type == ElementType.Int8 ? 0 : -1, weight.Quantization.Axis);
            // What is stored is what is computed with.
            CollectionAssert.AreEqual(
                weight.Constant!.Span<float>().ToArray(), weight.Quantization.Round(weight.Constant).Span<float>().ToArray());
        }
    }

    private static Graph TwoLayers()
    {
        var g = new TestGraph();
        Value y = g.Add("Conv", g.Input("x", -1, 3, 4, 4), g.Random(1, 4, 3, 3, 3), g.Random(2, 4));
        g.Output(g.Add("Conv", y, g.Random(3, 5, 4, 1, 1), g.Random(4, 5)));
        return g.Build();
    }
}
