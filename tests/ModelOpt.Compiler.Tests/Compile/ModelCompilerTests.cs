using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Onnx.Proto;
using ModelOpt.Compiler.Tests.Onnx;
using ModelOpt.Compiler.Tests.Peers;

namespace ModelOpt.Compiler.Tests.Compile;

[TestClass]
internal sealed class ModelCompilerTests
{
    private static readonly string Model = GraphTesting.Fixture("fashion_cnn.onnx");

    private static readonly CompileOptions Int8 = new()
    {
        CalibrationData = [GraphTesting.Fixture("calibration.npy")],
        CalibrationSamples = 16,
        InputMean = [0],
        InputStd = [255],
    };

    [TestMethod]
    public void A_model_is_compiled_to_int8_and_the_same_bytes_again()
    {
        List<string> phases = [];
        CompiledModel first = ModelCompiler.Compile(Model, Int8, new DiagnosticList(), new Progress(p => phases.Add(p.Phase)));
        CollectionAssert.IsSubsetOf(new[] { "read", "simplify", "calibrate", "compress", "write" }, phases);
        Assert.IsTrue(first.Onnx.Length < 0.3 * new FileInfo(Model).Length);
        Assert.IsTrue(first.Tflite.Length < 0.3 * new FileInfo(Model).Length);
        OnnxRuntime.AssertValid(first.Onnx);

        CompiledModel second = ModelCompiler.Compile(Model, Int8, new DiagnosticList());
        CollectionAssert.AreEqual(first.Onnx, second.Onnx);
        CollectionAssert.AreEqual(first.Tflite, second.Tflite);
    }

    [TestMethod]
    [DataRow(QuantizationMode.None, "")]
    [DataRow(QuantizationMode.Float16, "")]
    [DataRow(QuantizationMode.WeightOnlyInt8, "")]
    [DataRow(QuantizationMode.Int8, "MOPT4010")]
    public void Without_calibration_data_every_mode_compiles(QuantizationMode mode, string warnings)
    {
        var diagnostics = new DiagnosticList();
        CompiledModel compiled = ModelCompiler.Compile(Model, new CompileOptions { Quantization = mode }, diagnostics);
        Assert.AreEqual(warnings, string.Join(",", diagnostics.Diagnostics.Select(d => d.Descriptor.Code)));
        Assert.IsTrue(diagnostics.Diagnostics.All(d => d.File == Model));
        OnnxRuntime.AssertValid(compiled.Onnx);
        var feeds = new Dictionary<string, Tensor> { ["image"] = TestGraph.RandomTensor(1, 2, 1, 28, 28) };
        float[] expected = GraphTesting.RunPeer(File.ReadAllBytes(Model), feeds)[0].Span<float>().ToArray();
        float[] actual = GraphTesting.RunPeer(compiled.Onnx, feeds)[0].Span<float>().ToArray();
        float tolerance = mode == QuantizationMode.None ? 1e-4f : mode == QuantizationMode.Float16 ? 2e-3f : 2e-2f;
        Assert.IsTrue(expected.Zip(actual, (e, a) => MathF.Abs(e - a)).Max() <= tolerance * expected.Max(MathF.Abs));
    }

    [TestMethod]
    public void A_weight_that_is_not_finite_is_diagnosed()
    {
        using var folder = new TempFolder();
        OnnxModel model = new OnnxModel().Input("x", "N", "2").Initializer("w", [2, 1], 1, float.NaN)
            .Node("MatMul fc: x w -> y").Output("y", "N", "1");
        string file = folder.Write("nan.onnx", model.Bytes());
        Diagnostic diagnostic = Assert.ThrowsExactly<CompilationException>(() => ModelCompiler.Compile(
            file, new CompileOptions { Quantization = QuantizationMode.WeightOnlyInt8 }, new DiagnosticList())).Diagnostic;
        Assert.AreEqual(("MOPT4016", file), (diagnostic.Descriptor.Code, diagnostic.File));
        StringAssert.Contains(diagnostic.Message, "NaN");
    }

    [TestMethod]
    [DataRow("ConstantOfShape c: sizes -> c")]
    [DataRow("Expand c: x sizes -> c")]
    public void A_small_file_does_not_become_gigabytes(string node)
    {
        using var folder = new TempFolder();
        OnnxModel model = new OnnxModel().Input("x", "1", "4").Node(node).Node("Add sum: x c -> y").Output("y", "100000000", "4");
        model.Graph.Initializer.Add(new TensorProto { Name = "sizes", Dims = { 2 }, DataType = 7, Int64Data = { 100_000_000, 4 } });
        Diagnostic diagnostic = Assert.ThrowsExactly<CompilationException>(() => ModelCompiler.Compile(
            folder.Write("bomb.onnx", model.Bytes()), new CompileOptions(), new DiagnosticList())).Diagnostic;
        Assert.AreEqual(("MOPT5001", "c"), (diagnostic.Descriptor.Code, diagnostic.Layer));
    }

    [TestMethod]
    public void A_model_that_takes_bytes_says_so_in_its_signature_and_its_files()
    {
        CompileOptions options = Int8 with { InputType = ElementType.UInt8 };
        ModelSignature signature = ModelCompiler.ReadSignature(Model, options);
        Assert.AreEqual("TensorSignature { Name = image, Type = UInt8, Shape = [batch, 28, 28, 1] }", signature.Inputs.Single().ToString());
        Assert.AreEqual("TensorSignature { Name = logits, Type = Float32, Shape = [batch, 10] }", signature.Outputs.Single().ToString());
        CompiledModel compiled = ModelCompiler.Compile(Model, options, new DiagnosticList());
        OnnxRuntime.AssertValid(compiled.Onnx);
        ValueInfoProto input = ModelProto.Parser.ParseFrom(compiled.Onnx).Graph.Input.Single();
        Assert.AreEqual((int)ElementType.UInt8, input.Type.TensorType.ElemType);
    }

    [TestMethod]
    public void Sizes_left_open_stay_open_with_calibration_data()
    {
        using var folder = new TempFolder();
        OnnxModel model = new OnnxModel().Input("x", "N", "1", "H", "W").Node("GlobalAveragePool p: x -> y")
            .Output("y", "N", "1", "1", "1");
        string file = folder.Write("open.onnx", model.Bytes());
        CompiledModel compiled = ModelCompiler.Compile(file, Int8, new DiagnosticList());
        TensorShapeProto shape = ModelProto.Parser.ParseFrom(compiled.Onnx).Graph.Input.Single().Type.TensorType.Shape;
        Assert.AreEqual("N 1 H W", string.Join(' ', shape.Dim.Select(d => d.HasDimParam ? d.DimParam : $"{d.DimValue}")));
        using var model28 = ModelOpt.Runtime.TfliteModel.Load(compiled.Tflite);
        CollectionAssert.AreEqual((int[])[-1, 1, -1, -1], model28.Inputs[0].Shape.ToArray());
    }

    [TestMethod]
    public void Cancellation_ends_the_work()
    {
        using var source = new CancellationTokenSource();
        var progress = new Progress(p =>
        {
            if (p is { Phase: "calibrate", Done: 2 }) source.Cancel();
        });
        Assert.ThrowsExactly<OperationCanceledException>(
            () => ModelCompiler.Compile(Model, Int8, new DiagnosticList(), progress, source.Token));
    }

    [TestMethod]
    public void Errors_name_the_file()
    {
        using var folder = new TempFolder();
        string file = folder.Write("broken.onnx", "broken"u8);
        foreach (Action action in new Action[]
        {
            () => ModelCompiler.Compile(file, Int8, new DiagnosticList()),
            () => ModelCompiler.ReadSignature(file, Int8),
        })
        {
            Diagnostic diagnostic = Assert.ThrowsExactly<CompilationException>(action).Diagnostic;
            Assert.AreEqual(("MOPT1002", file), (diagnostic.Descriptor.Code, diagnostic.File));
        }
    }

    private sealed class Progress(Action<CompileProgress> action) : IProgress<CompileProgress>
    {
        public void Report(CompileProgress value) => action(value);
    }
}
