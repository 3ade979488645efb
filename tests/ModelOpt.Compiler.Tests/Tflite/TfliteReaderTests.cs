using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Compiler.Options;
using ModelOpt.Compiler.Tests.Data;
using ModelOpt.Compiler.Tests.Operators;
using ModelOpt.Compiler.Tflite;
using ModelOpt.Runtime.Tflite;
using static ModelOpt.Compiler.Tests.Tflite.ForeignModel;

namespace ModelOpt.Compiler.Tests.Tflite;

/// <summary>TFLite files as graphs.</summary>
[TestClass]
internal sealed class TfliteReaderTests
{
    private static readonly Quantization Grid = Quantization.PerTensor(ElementType.Int8, 1f / 64, 3);

    [TestMethod]
    public void A_network_that_was_written_is_read_back_without_transposes_inside()
    {
        Graph graph = Network();
        byte[] file = Lowering.Write(graph);
        Graph back = Read(file);
        Dictionary<string, Tensor> feeds = graph.Feeds();
        GraphTesting.AssertClose(graph.Interpret(feeds), back.Interpret(feeds));
        Assert.AreEqual(graph.Inputs[0].Name, back.Inputs[0].Name);
        Assert.AreEqual(graph.Outputs[0].Name, back.Outputs[0].Name);
        Assert.AreEqual("Transpose Conv Relu Conv Add Conv Sigmoid Transpose Reshape", back.Types());
    }

    [TestMethod]
    public void A_quantized_file_is_read_with_its_grids_and_gives_the_same_integers()
    {
        Graph graph = Network();
        foreach (Value value in graph.Values.Where(v => !v.IsConstant)) value.Quantization = Grid;
        foreach (Node conv in graph.Nodes.Where(n => n.Type == "Conv"))
        {
            float[] scales = [.. Enumerable.Range(0, conv.Input(1).Constant!.Dims[0]).Select(i => 0.01f + (0.001f * i))];
            Quantization weights = new(ElementType.Int8, scales, new int[scales.Length], 0);
            conv.Input(1).Constant = weights.Round(conv.Input(1).Constant!);
            conv.Input(1).Quantization = weights;
        }

        byte[] file = Lowering.Write(graph);
        Graph back = Read(file);
        Assert.IsTrue(PassPipeline.IsQuantized(back));
        Tensor[] inputs = [.. graph.Feeds().Values];
        byte[] again = Lowering.Write(back);
        Tensor before = TfliteRunner.Run(file, inputs)[0], after = TfliteRunner.Run(again, inputs)[0];
        CollectionAssert.AreEqual(before.Bytes.ToArray(), after.Bytes.ToArray());
        // Node by node, as the file says.
        GraphTesting.AssertClose(
            new Interpreter(back) { FakeQuantize = true }.Run(inputs), new Interpreter(Read(file, foldsPairs: false)).Run(inputs));
    }

    [TestMethod]
    public void Integer_inputs_and_outputs_stay_integers()
    {
        ForeignModel model = new();
        TfliteTensor x = model.Input(Tensor.Of<sbyte>([1, 4], [-128, 3, 4, 127]), Grid);
        TfliteTensor y = model.Add(BuiltinOperator.Relu, [x], null, TensorType.Int8, [1, 4], Grid);
        Graph graph = Read(model.Write(y));
        Assert.AreEqual((ElementType.Int8, ElementType.Int8), (graph.Inputs[0].Type, graph.Outputs[0].Type));
        CollectionAssert.AreEqual(
            new sbyte[] { 3, 3, 4, 127 },
            new Interpreter(graph).Run(Tensor.Of<sbyte>([1, 4], [-128, 3, 4, 127]))[0].Span<sbyte>().ToArray());
    }

    [TestMethod]
    public void All_that_is_not_supported_is_named_at_once()
    {
        ForeignModel model = new();
        TfliteTensor x = model.Input(1, 4);
        TfliteTensor a = model.Add(BuiltinOperator.Conv3D, [x], null, 1, 4), b = model.Add(BuiltinOperator.L2Pool2D, [a], null, 1, 4);
        Diagnostic known = Refused(model.Write(b));
        Assert.AreEqual("MOPT2001", known.Descriptor.Code);
        StringAssert.Contains(known.Message, "CONV_3D (operator 0), L2_POOL_2D (operator 1)");

        model = new();
        x = model.Input(1, 4, 4, 2);
        a = model.Add(BuiltinOperator.Conv2D, [x, x], new Conv2DOptions(Padding.Same, 1, 1, ActivationFunction.None), 1, 4, 4, 1);
        b = model.Add(BuiltinOperator.StridedSlice, [a, Ints(0), Ints(1), Ints(1)], new StridedSliceOptions(0, 0, 1, 0, 0), 1, 4, 4, 1);
        Diagnostic forms = Refused(model.Write(b));
        StringAssert.Contains(forms.Message, "weights that are computed");
        StringAssert.Contains(forms.Message, "ellipses");
    }

    [TestMethod]
    public void What_is_no_model_is_refused_with_one_diagnostic()
    {
        byte[] file = Lowering.Write(Network());
        Assert.AreEqual("MOPT1015", Refused(file[..100]).Descriptor.Code);
        Assert.AreEqual("MOPT1015", Refused([0x1c, 0, 0, 0, .. "TFL3"u8, 0, 0]).Descriptor.Code);
        using TempFolder folder = new();
        string text = folder.Write("model.tflite", "no model"u8.ToArray());
        Diagnostic refused = Assert.ThrowsExactly<CompilationException>(
            () => ModelCompiler.Compile(text, new CompileOptions(), new DiagnosticList())).Diagnostic;
        Assert.AreEqual(("MOPT1015", text), (refused.Descriptor.Code, refused.File));

        static Diagnostic Refuse(Quantization grid)
        {
            ForeignModel model = new();
            TfliteTensor x = model.Input(Tensor.Of<sbyte>([1, 2], [1, 2]), grid);
            return Refused(model.Write(model.Add(BuiltinOperator.Relu, [x], null, TensorType.Int8, [1, 2], grid)));
        }

        StringAssert.Contains(Refuse(Quantization.PerTensor(ElementType.Int8, float.NaN, 0)).Message, "no positive number");
        StringAssert.Contains(Refuse(new(ElementType.Int8, [1, 1], [0, 0], 7)).Message, "not a TFLite model that can be read");
    }

    [TestMethod]
    public void A_float_file_is_compressed_like_any_model()
    {
        using TempFolder folder = new();
        string file = folder.Write("net.tflite", Lowering.Write(Network()));
        string data = folder.Write("data.npy", DataTesting.Npy("<f4", "8, 8, 8, 3", OperatorTesting.Random(
            new Random(1), ElementType.Float32, 8, 8, 8, 3).Bytes.Span));
        CompiledModel model = ModelCompiler.Compile(
            file, new CompileOptions { CalibrationData = [data], Sparsity = 0.5 }, new DiagnosticList());
        Assert.IsTrue(LoweringTesting.Operators(model.Tflite).Contains("QUANTIZE"));
        Assert.IsTrue(model.Report.Layers.Count > 0);
    }

    private static Diagnostic Refused(byte[] file) =>
        Assert.ThrowsExactly<CompilationException>(() => TfliteReader.Read(file)).Diagnostic;

    /// <summary>Images [N, 8, 8, 3] to 4 scores.</summary>
    private static Graph Network()
    {
        TestGraph g = new();
        Value x = g.Add("Transpose", [g.Input("image", 1, 8, 8, 3)], ("perm", new[] { 0, 3, 1, 2 }));
        (string, object) same = ("auto_pad", "SAME_UPPER");
        Value a = g.Add("Relu", g.Add("Conv", [x, g.Random(1, 6, 3, 3, 3)], same));
        Value b = g.Add("Conv", [a, g.Random(3, 6, 1, 3, 3)], same, ("group", 6));
        Value c = g.Add("Add", a, b);
        g.Output(g.Add("Sigmoid", g.Add("Conv", [c, g.Random(4, 4, 6, 8, 8)], ("strides", new[] { 8, 8 }))));
        return g.Build();
    }
}
