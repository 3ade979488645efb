using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Tests.Data;
using ModelOpt.Compiler.Tests.Techniques.Quantize;
using ModelOpt.Runtime;

namespace ModelOpt.Compiler.Tests.Compile;

/// <summary>Models whose sizes besides the batch stay open: they compute what ONNX Runtime does, at any sizes.</summary>
[TestClass]
internal sealed class OpenSizesTests
{
    private static readonly Dim N = new(-1, "N"), H = new(-1, "H"), W = new(-1, "W"), T = new(-1, "T");

    [TestMethod]
    [DataRow("Conv", 3, 1, "pads", new[] { 1, 1, 1, 1 })]
    [DataRow("Conv", 3, 2, "pads", new[] { 1, 1, 1, 1 })]
    [DataRow("Conv", 3, 2, "pads", new[] { 0, 1, 2, 1 })]
    [DataRow("Conv", 3, 1, "pads", new[] { 0, 0, 0, 0 })]
    [DataRow("Conv", 1, 2, "pads", new[] { 0, 0, 0, 0 })]
    [DataRow("Conv", 3, 2, "auto_pad", "SAME_UPPER")]
    [DataRow("Conv", 3, 2, "auto_pad", "SAME_LOWER")]
    [DataRow("Conv", 2, 1, "auto_pad", "SAME_LOWER")]
    [DataRow("MaxPool", 3, 2, "pads", new[] { 1, 1, 1, 1 })]
    [DataRow("MaxPool", 3, 2, "ceil_mode", 1)]
    [DataRow("MaxPool", 2, 2, "ceil_mode", 1)]
    [DataRow("AveragePool", 3, 1, "pads", new[] { 1, 1, 1, 1 })]
    [DataRow("AveragePool", 3, 2, "pads", new[] { 1, 1, 1, 1 })]
    [DataRow("AveragePool", 2, 2, "ceil_mode", 1)]
    [DataRow("AveragePool", 3, 2, "count_include_pad", 1)]
    public void Windows(string type, int kernel, int stride, string name, object value) => Check([N, 4, H, W], (g, x) =>
    {
        List<(string, object)> attributes =
            [("kernel_shape", (int[])[kernel, kernel]), ("strides", (int[])[stride, stride]), (name, value)];
        if (name == "count_include_pad") attributes.Add(("pads", (int[])[1, 1, 1, 1]));
        Value[] inputs = type == "Conv" ? [x, g.Random(1, 6, 4, kernel, kernel), g.Random(2, 6)] : [x];
        return g.Add("Relu", g.Add(type, inputs, [.. attributes]));
    }, [1, 4, 9, 12], [1, 4, 14, 7], [3, 4, 6, 5]);

    [TestMethod]
    public void Depthwise_and_dilated_convolutions() => Check([N, 4, H, W], (g, x) =>
    {
        Value y = g.Add("Conv", [x, g.Random(1, 4, 1, 3, 3)], ("group", 4), ("pads", (int[])[2, 2, 2, 2]), ("dilations", (int[])[2, 2]));
        return g.Add("Conv", [y, g.Random(2, 8, 2, 3, 3)], ("group", 2), ("strides", (int[])[2, 1]));
    }, [1, 4, 9, 12], [2, 4, 5, 20]);

    [TestMethod]
    public void Convolutions_of_series() => Check([N, 4, T], (g, x) =>
    {
        Value y = g.Add("Conv", [x, g.Random(1, 6, 4, 5)], ("pads", (int[])[2, 2]), ("strides", (int[])[2]));
        return g.Add("MaxPool", [g.Add("Relu", y)], ("kernel_shape", (int[])[3]), ("strides", (int[])[2]));
    }, [1, 4, 31], [3, 4, 16]);

    [TestMethod]
    [DataRow("ConvTranspose", 2, 2, 0)]
    [DataRow("ConvTranspose", 3, 2, 1)]
    [DataRow("ConvTranspose", 3, 1, 1)]
    public void Transposed_convolutions(string type, int kernel, int stride, int pad) => Check([N, 4, H, W], (g, x) => g.Add(
        type, [x, g.Random(1, 4, 3, kernel, kernel), g.Random(2, 3)], ("strides", (int[])[stride, stride]),
        ("pads", (int[])[pad, pad, pad, pad])), [1, 4, 5, 8], [2, 4, 9, 3]);

    [TestMethod]
    [DataRow("nearest", "asymmetric", "floor", 2f)]
    [DataRow("nearest", "half_pixel", "round_prefer_floor", 3f)]
    [DataRow("nearest", "asymmetric", "round_prefer_floor", 3f)]
    [DataRow("nearest", "asymmetric", "floor", 0.5f)]
    [DataRow("nearest", "half_pixel", "round_prefer_ceil", 1.5f)]
    [DataRow("linear", "half_pixel", "", 2f)]
    [DataRow("linear", "pytorch_half_pixel", "", 2f)]
    [DataRow("linear", "align_corners", "", 2f)]
    [DataRow("linear", "asymmetric", "", 2f)]
    [DataRow("linear", "half_pixel", "", 1.5f)]
    [DataRow("linear", "pytorch_half_pixel", "", 0.25f)]
    [DataRow("linear", "align_corners", "", 0.5f)]
    public void Scales(string mode, string place, string nearest, float scale) => Check([N, 3, H, W], (g, x) => g.Add(
        "Resize", [g.Add("Relu", x), null, g.Floats(1, 1, scale, scale)], ("mode", mode), ("coordinate_transformation_mode", place),
        ("nearest_mode", nearest.Length > 0 ? nearest : "floor")), [1, 3, 6, 8], [2, 3, 4, 11]);

    [TestMethod]
    [DataRow("nearest", "asymmetric")]
    [DataRow("linear", "half_pixel")]
    [DataRow("linear", "pytorch_half_pixel")]
    public void Sizes_that_are_computed_from_shapes(string mode, string place) => Check([N, 3, H, W], (g, x) =>
    {
        Value small = g.Add("MaxPool", [x], ("kernel_shape", (int[])[3, 3]), ("strides", (int[])[3, 3]));
        Value shape = g.Add("Shape", x);
        Value sizes = g.Add("Concat", [g.Add("Slice", g.Add("Shape", small), g.Longs(0), g.Longs(2)),
            g.Add("Slice", shape, g.Longs(2), g.Longs(4))], ("axis", 0));
        Value large = g.Add("Resize", [small, null, null, sizes], ("mode", mode), ("coordinate_transformation_mode", place),
            ("nearest_mode", "floor"));
        return g.Add("Add", large, x);
    }, [1, 3, 6, 8], [2, 3, 4, 11], [1, 3, 3, 3]);

    [TestMethod]
    public void Pixels_become_rows_and_attend_to_each_other() => Check([N, 8, H, W], (g, x) =>
    {
        Value shape = g.Add("Shape", x);
        Value target = g.Add("Concat", [g.Add("Slice", shape, g.Longs(0), g.Longs(2)), g.Longs(-1)], ("axis", 0));
        Value rows = g.Add("Transpose", [g.Add("Reshape", x, target)], ("perm", (int[])[0, 2, 1]));
        Value scores = g.Add("Softmax", [g.Add("MatMul", rows, g.Add("Transpose", [rows], ("perm", (int[])[0, 2, 1])))], ("axis", -1));
        Value mixed = g.Add("MatMul", g.Add("MatMul", scores, rows), g.Random(1, 8, 8));
        Value normal = g.Add("LayerNormalization", mixed, g.Random(2, 8), g.Random(3, 8));
        return g.Add("Reshape", g.Add("Transpose", [normal], ("perm", (int[])[0, 2, 1])), shape);
    }, [1, 8, 3, 4], [2, 8, 5, 2]);

    [TestMethod]
    public void Heads_are_split_and_joined() => Check([N, T, 8], (g, x) =>
    {
        Value heads = g.Add("Transpose", [g.Add("Reshape", x, g.Longs(0, 0, 2, 4))], ("perm", (int[])[0, 2, 1, 3]));
        Value scores = g.Add("MatMul", heads, g.Add("Transpose", [heads], ("perm", (int[])[0, 1, 3, 2])));
        Value mixed = g.Add("MatMul", g.Add("Softmax", [scores], ("axis", -1)), heads);
        return g.Add("Reshape", g.Add("Transpose", [mixed], ("perm", (int[])[0, 2, 1, 3])), g.Longs(0, 0, 8));
    }, [1, 5, 8], [3, 7, 8]);

    [TestMethod]
    public void Tokens_at_their_positions_see_what_came_before()
    {
        var g = new TestGraph();
        Value ids = g.Input("x", ElementType.Int64, 1, 1);
        ids.Shape = new Shape(N, T);
        Value length = g.Add("Gather", [g.Add("Shape", ids), g.Constant(Tensor.Scalar(1L))], ("axis", 0));
        Value positions = g.Add("Range", g.Constant(Tensor.Scalar(0L)), length, g.Constant(Tensor.Scalar(1L)));
        Value x = g.Add("Add", g.Add("Gather", g.Random(1, 20, 8), ids), g.Add("Gather", g.Random(2, 100, 8), positions));
        Value square = g.Add("Concat", [g.Add("Unsqueeze", length, g.Longs(0)), g.Add("Unsqueeze", length, g.Longs(0))], ("axis", 0));
        Value mask = g.Add("Trilu", [g.Add("ConstantOfShape", [square], ("value", Tensor.Vector(-100f))), g.Constant(Tensor.Scalar(1L))],
            ("upper", 1));
        Value scores = g.Add("Add", g.Add("MatMul", x, g.Add("Transpose", [x], ("perm", (int[])[0, 2, 1]))), mask);
        Value mixed = g.Add("MatMul", g.Add("Softmax", [scores], ("axis", -1)), x);
        g.Output(g.Add("ArgMax", [g.Add("CumSum", mixed, g.Constant(Tensor.Scalar(1L)))], ("axis", 2), ("keepdims", 0)));
        g.Output(mixed);
        byte[] model = OnnxWriter.Write(g.Build()), file = Compiled(model).Tflite;
        foreach (int[] size in (int[][])[[1, 5], [1, 17], [3, 4]])
        {
            Tensor tokens = Tensor.Of<long>(size, [.. Enumerable.Range(0, size[0] * size[1]).Select(i => (i * 7L) % 20)]);
            GraphTesting.AssertClose(
                GraphTesting.RunPeer(model, new Dictionary<string, Tensor> { ["x"] = tokens }), TfliteRunner.Run(file, tokens));
        }
    }

    [TestMethod]
    [DataRow("LSTM", 4)]
    [DataRow("GRU", 3)]
    public void Recurrent_networks_over_any_time(string type, int gates) => Check([N, T, 6], (g, x) =>
    {
        Value steps = g.Add("Transpose", [x], ("perm", (int[])[1, 0, 2]));
        Node cell = g.Node(type, [steps, g.Random(1, 1, gates * 5, 6), g.Random(2, 1, gates * 5, 5), g.Random(3, 1, gates * 10)], 1,
            ("hidden_size", 5));
        return g.Add("Transpose", [g.Add("Squeeze", cell.Outputs[0], g.Longs(1))], ("perm", (int[])[1, 0, 2]));
    }, [1, 7, 6], [3, 4, 6]);

    [TestMethod]
    public void Parts_of_images() => Check([N, 6, H, W], (g, x) =>
    {
        Value cut = g.Add("Slice", x, g.Longs(1, 0), g.Longs(long.MaxValue, -1), g.Longs(2, 3), g.Longs(1, 2));
        Value padded = g.Add("Pad", cut, g.Longs(0, 0, 1, 0, 0, 0, 2, 3), g.Scalar(0.5f));
        Node split = g.Node("Split", [padded, g.Longs(2, 4)], 2, ("axis", 1));
        Value means = g.Add("ReduceMean", [split.Outputs[1], g.Longs(2, 3)], ("keepdims", 1));
        Value joined = g.Add("Concat", [split.Outputs[0]!, g.Add("Mul", split.Outputs[1], means)], ("axis", 1));
        return g.Add("SpaceToDepth", [g.Add("Tile", joined, g.Longs(1, 1, 2, 2))], ("blocksize", 2));
    }, [1, 6, 5, 8], [2, 6, 4, 3]);

    [TestMethod]
    public void Constants_of_open_sizes() => Check([N, 2, H, W], (g, x) =>
    {
        Value shape = g.Add("Shape", x), ones = g.Add("ConstantOfShape", [shape], ("value", Tensor.Vector<float>(1.5f)));
        Value grown = g.Add("Expand", g.Random(1, 1, 2, 1, 1), shape);
        return g.Add("Where", g.Add("Greater", x, grown), g.Add("Mul", x, ones), grown);
    }, [1, 2, 3, 4], [2, 2, 5, 1]);

    [TestMethod]
    public void Normalizations_over_open_axes() => Check([N, 4, H, W], (g, x) =>
    {
        Value y = g.Add("InstanceNormalization", x, g.Random(1, 4), g.Random(2, 4));
        return g.Add("Add", g.Add("GlobalAveragePool", y), g.Add("Clip", g.Add("Sigmoid", y), g.Scalar(0.2f), g.Scalar(0.7f)));
    }, [1, 4, 6, 5], [2, 4, 3, 9]);

    [TestMethod]
    public void Zero_is_a_size() => Check([N, 2, H, W], (g, x) => g.Add("Relu", g.Add("Mul", x, g.Random(1, 2, 1, 1))),
        [1, 2, 0, 4], [2, 2, 3, 0], [1, 2, 2, 2]);

    [TestMethod]
    public void Open_sizes_stand_in_the_file_with_an_example()
    {
        byte[] model = Model([N, 3, H, W], (g, x) => g.Add("Conv", [x, g.Random(1, 4, 3, 3, 3)]));
        byte[] file = Compiled(model).Tflite;
        using TfliteModel loaded = TfliteModel.Load(file);
        CollectionAssert.AreEqual((int[])[-1, 3, -1, -1], loaded.Inputs[0].Shape.ToArray());
        CollectionAssert.AreEqual((int[])[-1, 4, -1, -1], loaded.Outputs[0].Shape.ToArray());
        Tensor x = TestGraph.RandomTensor(1, 1, 3, 64, 32);
        GraphTesting.AssertClose(TfliteRunner.Run(file, x), TfliteRunner.RunLiteRt(file, x));
    }

    [TestMethod]
    public void A_model_of_few_sizes_says_what_it_takes()
    {
        byte[] model = Model([N, 3, H, W], (g, x) => g.Add("Reshape", x, g.Longs(-1, 3 * 224 * 224)));
        Assert.AreEqual(0, Compiled(model).Report.Diagnostics.Count(d => d.Descriptor.Severity == DiagnosticSeverity.Error));
        model = Model([1, 3, H, W], (g, x) => g.Add("Reshape", x, g.Longs(1, 3 * 7 * 7)));
        Assert.AreEqual("MOPT2013", Assert.ThrowsExactly<CompilationException>(() => Compiled(model)).Diagnostic.Descriptor.Code);
    }

    [TestMethod]
    [DataRow(QuantizationMode.Int8, null, null)]
    [DataRow(QuantizationMode.Int8, 0.3, 0.5)]
    [DataRow(QuantizationMode.None, 0.3, null)]
    public void Techniques_apply_and_sizes_stay_open(QuantizationMode quantization, double? pruning, double? sparsity)
    {
        byte[] model = Model([N, 3, H, W], Network);
        using var folder = new TempFolder();
        CompileOptions options = Calibrated(folder) with
        {
            Quantization = quantization, ChannelPruning = pruning, Sparsity = sparsity, Decomposition = pruning,
        };
        CompiledModel compiled = ModelCompiler.Compile(folder.Write("model.onnx", model), options, new DiagnosticList());
        foreach (int[] size in (int[][])[[1, 3, 16, 20], [1, 3, 25, 12], [2, 3, 7, 30]])
        {
            Tensor x = TestGraph.RandomTensor(7, size);
            if (quantization == QuantizationMode.Int8)
            {
                QuantizeTesting.AssertAgree(compiled, "x", x);
            }
            else
            {
                Tensor[] expected = GraphTesting.RunPeer(compiled.Onnx, new Dictionary<string, Tensor> { ["x"] = x });
                GraphTesting.AssertClose(expected, TfliteRunner.Run(compiled.Tflite, x));
            }
        }
    }

    [TestMethod]
    public void Raw_bytes_are_taken_at_any_size()
    {
        using var folder = new TempFolder();
        byte[] pixels = new byte[8 * 16 * 20 * 3];
        new Random(4).NextBytes(pixels);
        CompileOptions options = new()
        {
            CalibrationData = [folder.Write("data.npy", DataTesting.Npy("|u1", "8, 16, 20, 3", pixels))],
            InputType = ElementType.UInt8, InputMean = [100], InputStd = [50],
        };
        CompiledModel compiled = ModelCompiler.Compile(
            folder.Write("model.onnx", Model([N, 3, H, W], Network)), options, new DiagnosticList());
        using TfliteModel loaded = TfliteModel.Load(compiled.Tflite);
        CollectionAssert.AreEqual((int[])[-1, -1, -1, 3], loaded.Inputs[0].Shape.ToArray());
        Tensor x = Tensor.Zeros(ElementType.UInt8, [1, 11, 9, 3]);
        new Random(5).NextBytes(x.Bytes.Span);
        QuantizeTesting.AssertAgree(compiled, "x", x);
    }

    private static Value Network(TestGraph g, Value x)
    {
        Value y = g.Add("Relu", g.Add("Conv", [x, g.Random(1, 8, 3, 3, 3), g.Random(2, 8)], ("pads", (int[])[1, 1, 1, 1])));
        Value z = g.Add("Relu", g.Add("Conv", [y, g.Random(3, 8, 8, 3, 3), g.Random(4, 8)], ("pads", (int[])[1, 1, 1, 1]),
            ("strides", (int[])[2, 2])));
        Value up = g.Add("Resize", [z, null, g.Floats(1, 1, 2, 2)],
            ("mode", "nearest"), ("coordinate_transformation_mode", "asymmetric"), ("nearest_mode", "floor"));
        return g.Add("Conv", up, g.Random(5, 4, 8, 1, 1), g.Random(6, 4));
    }

    [TestMethod]
    public void A_size_that_a_window_does_not_fit_is_refused()
    {
        using TfliteModel model = TfliteModel.Load(Compiled(Model([N, 4, H, W], (g, x) =>
            g.Add("MaxPool", [x], ("kernel_shape", (int[])[2, 2]), ("strides", (int[])[2, 2])))).Tflite);
        Assert.Contains("a window of 2 does not fit", Assert.ThrowsExactly<ArgumentException>(() => model.Begin([1, 4, 1, 9])).Message);
    }

    private static CompileOptions Calibrated(TempFolder folder)
    {
        var graph = new TestGraph();
        graph.Input("x", 1, 3, 16, 20);
        return folder.Calibrated(graph.Graph).Options;
    }

    private static byte[] Model(Dim[] dims, Func<TestGraph, Value, Value> build)
    {
        var g = new TestGraph();
        Value x = g.Input("x", [.. dims.Select(_ => 1L)]);
        x.Shape = new Shape(dims);
        g.Output(build(g, x));
        return OnnxWriter.Write(g.Build());
    }

    private static CompiledModel Compiled(byte[] model)
    {
        using var folder = new TempFolder();
        var options = new CompileOptions { Quantization = QuantizationMode.None };
        return ModelCompiler.Compile(folder.Write("model.onnx", model), options, new DiagnosticList());
    }

    internal static void Check(Dim[] dims, Func<TestGraph, Value, Value> build, params int[][] sizes)
    {
        byte[] model = Model(dims, build), file = Compiled(model).Tflite;
        foreach (int[] size in sizes)
        {
            Tensor x = TestGraph.RandomTensor(7, size);
            GraphTesting.AssertClose(GraphTesting.RunPeer(model, new Dictionary<string, Tensor> { ["x"] = x }), TfliteRunner.Run(file, x));
        }
    }
}
