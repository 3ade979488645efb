using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Tests.Techniques.Quantize;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;
using Graph = ModelOpt.Compiler.Graphs.Graph;
using Tensor = ModelOpt.Compiler.Graphs.Tensor;

namespace ModelOpt.Compiler.Tests.Compile;

/// <summary>Networks over volumes are compressed as those over images are.</summary>
[TestClass]
internal sealed class VolumeTests
{
    [TestMethod]
    [DataRow("sparse int8")]
    [DataRow("pruned decomposed clusters")]
    [DataRow("pruned int8 tuned")]
    public void Techniques_apply(string techniques)
    {
        using var folder = new TempFolder();
        Graph original = Network(0);
        CompileOptions options = folder.Calibrated(original).Options with
        {
            Quantization = techniques.Contains("int8") ? QuantizationMode.Int8 : QuantizationMode.None,
            Sparsity = techniques.Contains("sparse") ? 0.5 : null,
            Clusters = techniques.Contains("clusters") ? 8 : null,
            ChannelPruning = techniques.Contains("pruned") ? 0.2 : null,
            Decomposition = techniques.Contains("decomposed") ? 0.2 : null,
            FineTune = techniques.Contains("tuned") ? FineTuneMode.Distill : null,
            Epochs = techniques.Contains("tuned") ? 1 : null,
        };
        CompiledModel model = ModelCompiler.Compile(folder.Write("volume.onnx", OnnxWriter.Write(original)), options, new DiagnosticList());
        var feeds = new Dictionary<string, Tensor> { ["x"] = TestGraph.RandomTensor(5, 1, 1, 6, 8, 8) };
        if (techniques.Contains("int8")) QuantizeTesting.AssertAgree(model, "x", feeds["x"]);
        else GraphTesting.AssertClose(GraphTesting.RunPeer(model.Onnx, feeds), TfliteRunner.Run(model.Tflite, feeds["x"]));
    }

    [TestMethod]
    public void Channels_that_are_dead_are_those_that_go()
    {
        using var folder = new TempFolder();
        Graph original = Network(4);
        byte[] file = OnnxWriter.Write(original);
        // Those of a layer before a ConvTranspose, and before a pool.
        string recipe = folder.Write("recipe.json", """
            { "layers": [ { "match": "Conv_2", "channelPruning": 0.25 }, { "match": "Conv_3", "channelPruning": 0.25 } ] }
            """u8);
        CompileOptions options = folder.Calibrated(original).Options with { Quantization = QuantizationMode.None, Recipe = recipe };
        CompiledModel model = ModelCompiler.Compile(folder.Write("volume.onnx", file), options, new DiagnosticList());
        int[] filters = [.. GraphReader.Read(model.Tflite).Nodes
            .Where(n => n.Operator == BuiltinOperator.Conv2D).Select(n => n.Input(1).Shape[0])];
        CollectionAssert.AreEqual(new[] { 8, 8, 12, 8, 12 }, filters);
        var feeds = new Dictionary<string, Tensor> { ["x"] = TestGraph.RandomTensor(5, 1, 1, 6, 8, 8) };
        GraphTesting.AssertClose(GraphTesting.RunPeer(file, feeds), TfliteRunner.Run(model.Tflite, feeds["x"]));
    }

    /// <summary>Convolutions, pools and a transposed convolution over volumes, with a residual.</summary>
    /// <param name="dead">How many output channels of each layer are nothing but zeros.</param>
    private static Graph Network(int dead)
    {
        var g = new TestGraph();
        Value y = Layer(g.Input("x", -1, 1, 6, 8, 8), 1, 8, 1);
        y = g.Add("MaxPool", [y], ("kernel_shape", new[] { 1, 2, 2 }), ("strides", new[] { 1, 2, 2 }));
        y = g.Add("Add", Layer(y, 8, 8, 1), y);
        y = Layer(y, 8, 16, 2);
        y = g.Add("Relu", g.Add("ConvTranspose", [y, g.Random(20, 16, 8, 2, 2, 2), g.Random(21, 8)], ("strides", new[] { 2, 2, 2 })));
        y = Layer(y, 8, 16, 1);
        y = g.Add("MaxPool", [y], ("kernel_shape", new[] { 2, 2, 2 }), ("strides", new[] { 2, 2, 2 }));
        y = g.Add("Flatten", [y], ("axis", 1));
        g.Output(g.Add("Gemm", [y, g.Random(30, 5, 16 * 3 * 2 * 2), g.Random(31, 5)], ("transB", 1)));
        return g.Build();

        Value Layer(Value x, int inputs, int outputs, int stride)
        {
            Value w = g.Random(inputs + outputs, outputs, inputs, 3, 3, 3);
            Value scale = g.Random(1, outputs), shift = g.Random(2, outputs);
            w.Constant!.Span<float>()[..(dead * inputs * 27)].Clear();
            shift.Constant!.Span<float>()[..dead].Clear();
            Value z = g.Add("Conv", [x, w], ("strides", new[] { stride, stride, stride }), ("pads", new[] { 1, 1, 1, 1, 1, 1 }));
            Value mean = g.Floats(new float[outputs]), variance = g.Floats([.. Enumerable.Repeat(1f, outputs)]);
            return g.Add("Relu", g.Add("BatchNormalization", z, scale, shift, mean, variance));
        }
    }
}
