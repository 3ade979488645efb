using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Simplify;
using ModelOpt.Compiler.Tests.Techniques.Quantize;

namespace ModelOpt.Compiler.Tests.Simplify;

[TestClass]
internal sealed class TransposedConvolutionsTests
{
    [TestMethod]
    [DataRow(1, 2, 2, 0, 0, "Conv DepthToSpace")]
    [DataRow(1, 4, 2, 1, 0, "Conv DepthToSpace Slice")]
    [DataRow(1, 3, 2, 1, 1, "Conv DepthToSpace Slice")]
    [DataRow(4, 3, 2, 1, 1, "Conv DepthToSpace Slice")]
    [DataRow(2, 3, 3, 0, 2, "Conv DepthToSpace Slice")]
    [DataRow(1, 3, 1, 1, 0, "Conv")]
    [DataRow(2, 3, 1, 3, 0, "Conv Slice")]
    [DataRow(1, 2, 3, 0, 0, "Conv DepthToSpace Slice")]
    [DataRow(1, 3, 4, 2, 3, "Conv DepthToSpace Slice")]
    public void Images(int group, int kernel, int stride, int pad, int more, string types)
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 4, 6, 5);
        g.Output(g.Add("ConvTranspose", [x, g.Random(1, 4, 6 / group, kernel, kernel), g.Random(2, 6 / group * group)], ("group", group),
            ("strides", new[] { stride, stride }), ("pads", new[] { pad, pad, pad, pad }), ("output_padding", new[] { more, more })));
        Assert.AreEqual(types, new TransposedConvolutions().Apply(g.Build(), 1));
    }

    [TestMethod]
    [DataRow("SAME_UPPER")]
    [DataRow("SAME_LOWER")]
    [DataRow("VALID")]
    public void Padding_by_itself(string pad)
    {
        var g = new TestGraph();
        g.Output(g.Add("ConvTranspose", [g.Input("x", 2, 2, 3, 5), g.Random(1, 2, 3, 3, 4)], ("strides", new[] { 2, 2 }),
            ("auto_pad", pad)));
        StringAssert.StartsWith(new TransposedConvolutions().Apply(g.Build(), 1), "Conv DepthToSpace");
    }

    [TestMethod]
    public void A_stated_shape_and_dilated_windows()
    {
        var g = new TestGraph();
        Value y = g.Add("ConvTranspose", [g.Input("x", 2, 2, 3, 5), g.Random(1, 2, 3, 3, 3)], ("strides", new[] { 2, 2 }),
            ("dilations", new[] { 2, 3 }), ("output_shape", new[] { 7, 14 }));
        g.Output(g.Add("ConvTranspose", [y, g.Random(2, 3, 3, 3, 2)], ("dilations", new[] { 2, 1 }), ("pads", new[] { 1, 0, 2, 0 })));
        Assert.AreEqual("Conv DepthToSpace Slice Conv", new TransposedConvolutions().Apply(g.Build(), 2));
    }

    [TestMethod]
    public void Rectangular_strides_and_series()
    {
        var g = new TestGraph();
        Value image = g.Input("image", 2, 2, 3, 5), series = g.Input("series", -1, 4, 7);
        g.Output(g.Add("ConvTranspose", [image, g.Random(1, 2, 3, 3, 4)], ("strides", new[] { 1, 2 })));
        g.Output(g.Add("ConvTranspose", [series, g.Random(2, 4, 2, 5)], ("strides", new[] { 2 }), ("pads", new[] { 1, 2 }), ("group", 2)));
        Assert.AreEqual("Conv Reshape Transpose Reshape Conv Reshape Transpose Reshape Slice",
            new TransposedConvolutions().Apply(g.Build(), 2));
    }

    [TestMethod]
    public void Open_sizes_stay_open()
    {
        var g = new TestGraph();
        Graph graph = g.Graph;
        var x = new Value("x", ElementType.Float32, new Shape(1, 2, new Dim(-1, "H"), new Dim(-1, "W")));
        graph.Inputs.Add(x);
        Value y = g.Output(g.Add("ConvTranspose", [x, g.Random(1, 2, 3, 4, 4)], ("strides", new[] { 2, 2 }),
            ("pads", new[] { 1, 1, 1, 1 })));
        g.Build();
        string shape = y.Shape!.ToString();
        new TransposedConvolutions().Apply(graph, PassTesting.Context);
        ShapeInference.Run(graph);
        Assert.AreEqual(shape, graph.Outputs[0].Shape!.ToString());
        Assert.AreEqual("[1, 3, 2*H, 2*W]", shape);
    }

    [TestMethod]
    public void What_follows_is_folded_and_an_activation_stays_at_the_convolution()
    {
        var g = new TestGraph();
        Value y = g.Add("ConvTranspose", [g.Input("x", -1, 4, 3, 3), g.Random(1, 4, 3, 2, 2)], ("strides", new[] { 2, 2 }), ("group", 2));
        y = g.Add("Add", y, g.Random(2, 1, 6, 1, 1));
        y = g.Add("BatchNormalization", y, g.Random(3, 6), g.Random(4, 6), g.Random(5, 6), g.Floats(1, 2, 3, 4, 5, 6));
        g.Output(g.Add("Relu", y));
        Graph graph = g.Build();
        Assert.AreEqual(0, new TransposedConvolutions().Apply(graph, PassTesting.Context).Changes);
        new AffineFolding().Apply(graph, 1);
        new BatchNormFolding().Apply(graph, 1);
        Assert.AreEqual("Conv Relu DepthToSpace", new TransposedConvolutions().Apply(graph, 1));
    }

    [TestMethod]
    public void Computed_weights_stay()
    {
        var g = new TestGraph();
        g.Output(g.Add("ConvTranspose", g.Input("x", 1, 2, 3, 3), g.Input("w", 2, 2, 2, 2)));
        Assert.AreEqual("ConvTranspose", new TransposedConvolutions().Apply(g.Build(), 0));
    }

    [TestMethod]
    public void Grids_of_channels_follow_their_filters()
    {
        var g = new TestGraph();
        Value x = g.Input("x", 1, 2, 4, 4), w = g.Random(1, 2, 3, 2, 2);
        w.Quantization = new Quantization(ElementType.Int8, [1 / 128f, 1 / 127f, 1 / 126f], [0, 0, 0], 1);
        g.Output(g.Add("ConvTranspose", [x, w], ("strides", new[] { 2, 2 })));
        Graph graph = g.Build();
        new TransposedConvolutions().Apply(graph, PassTesting.Context);
        Quantization grid = graph.Nodes[0].Input(1).Quantization!;
        Assert.AreEqual(0, grid.Axis);
        CollectionAssert.AreEqual(Enumerable.Repeat(new[] { 1 / 128f, 1 / 127f, 1 / 126f }, 4).SelectMany(s => s).ToArray(),
            grid.Scales.ToArray());
    }

    [TestMethod]
    [DataRow("sparse int8")]
    [DataRow("pruned clusters")]
    [DataRow("pruned int8 tuned")]
    public void Techniques_apply(string techniques)
    {
        using var folder = new TempFolder();
        var g = new TestGraph();
        Value y = g.Add("Relu", g.Add("Conv", [g.Input("x", -1, 3, 8, 8), g.Random(1, 16, 3, 3, 3)], ("pads", new[] { 1, 1, 1, 1 })));
        y = g.Add("ConvTranspose", [y, g.Random(2, 16, 16, 4, 4), g.Random(3, 16)], ("strides", new[] { 2, 2 }),
            ("pads", new[] { 1, 1, 1, 1 }));
        y = g.Add("Resize", g.Add("Relu", y), null, g.Floats(1, 1, 2, 2));
        g.Output(g.Add("Conv", y, g.Random(4, 3, 16, 3, 3)));
        Graph original = g.Build();
        CompileOptions options = folder.Calibrated(original).Options with
        {
            Quantization = techniques.Contains("int8") ? QuantizationMode.Int8 : QuantizationMode.None,
            Sparsity = techniques.Contains("sparse") ? 0.5 : null,
            Clusters = techniques.Contains("clusters") ? 8 : null,
            ChannelPruning = techniques.Contains("pruned") ? 0.2 : null,
            FineTune = techniques.Contains("tuned") ? FineTuneMode.Distill : null,
            Epochs = techniques.Contains("tuned") ? 1 : null,
        };
        CompiledModel model = ModelCompiler.Compile(folder.Write("up.onnx", OnnxWriter.Write(original)), options, new DiagnosticList());
        var feeds = new Dictionary<string, Tensor> { ["x"] = TestGraph.RandomTensor(5, 1, 3, 8, 8) };
        if (techniques.Contains("int8")) QuantizeTesting.AssertAgree(model, "x", feeds["x"]);
        else GraphTesting.AssertClose(GraphTesting.RunPeer(model.Onnx, feeds), TfliteRunner.Run(model.Tflite, feeds["x"]));
        var file = ModelOpt.Runtime.Model.GraphReader.Read(model.Tflite);
        var layers = file.Nodes.Where(n => n.Operator == ModelOpt.Runtime.Tflite.BuiltinOperator.Conv2D).ToArray();
        Assert.HasCount(3, layers);
        if (techniques.Contains("int8"))
            Assert.IsTrue(layers.All(n => n.Input(1).Type == ModelOpt.Runtime.Tflite.TensorType.Int8));
        if (techniques.Contains("pruned")) Assert.IsTrue(layers[1].Input(1).Shape[0] < 64, $"{layers[1].Input(1).Shape[0]} filters");
    }
}
