using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Tests.Operators.Contract;
using ModelOpt.Compiler.Tests.Peers;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Tests.Onnx;

/// <summary>Models whose integers the caller sees, or whose nodes read integers beside the pair; ONNX Runtime says what is right.</summary>
[TestClass]
internal sealed class QdqFoldingTests
{
    [TestMethod]
    [DataRow(ElementType.Int8, ElementType.Int8)]
    [DataRow(ElementType.UInt8, ElementType.UInt8)]
    [DataRow(ElementType.Int8, ElementType.UInt8)]
    public void A_network_of_integers_reads_and_writes_integers(ElementType fed, ElementType given)
    {
        (QdqModel model, string x) = Input(fed);
        string w = model.Weight([4, 3, 3, 3], ElementType.Int8, -127, 127, 0.01f);
        string v = model.Weight([2, 4, 3, 3], ElementType.Int8, -127, 127, 0.01f, seed: 2);
        string y = model.Node("Conv", [model.Round(model.Node("Conv", [x, w]), 0.03f, 120), v]);
        model.Output(Quantized(model, y, given), given);
        CompiledModel compiled = AssertComputesTheSame(model.Bytes());
        BuiltinOperator[] operators = LoweringGraph.Operators(compiled.Tflite);
        Assert.AreEqual(2, operators.Count(o => o == BuiltinOperator.Conv2D));
        CollectionAssert.DoesNotContain(operators, BuiltinOperator.Dequantize);
        // The integers of uint8 are moved by 128 once at each side.
        Assert.AreEqual(fed == ElementType.UInt8 ? 1 : 0, Quantizes(operators));
        Assert.AreEqual(given == ElementType.UInt8 ? 1 : 0, Quantizes(operators.Reverse()));
        ModelSignature signature = SignatureOf(model.Bytes());
        Assert.AreEqual((fed, given), (signature.Inputs[0].Type, signature.Outputs[0].Type));

        static int Quantizes(IEnumerable<BuiltinOperator> operators) =>
            operators.TakeWhile(o => o != BuiltinOperator.Conv2D).Count(o => o == BuiltinOperator.Quantize);
    }

    [TestMethod]
    public void A_float_network_takes_integers()
    {
        (QdqModel model, string x) = Input(ElementType.UInt8);
        model.Output(model.Node("Conv", [x, model.Floats(5, 4, 3, 3, 3)]));
        CompiledModel compiled = AssertComputesTheSame(model.Bytes());
        Assert.AreEqual(BuiltinOperator.Dequantize, LoweringGraph.Operators(compiled.Tflite)[0]);
    }

    [TestMethod]
    public void Integers_that_an_output_shares_with_a_layer_are_rounded_once()
    {
        var model = new QdqModel();
        string w = model.Weight([4, 3, 3, 3], ElementType.Int8, -127, 127, 0.01f);
        string y = model.Node("Conv", [model.Input(1, 3, 6, 6), w]), q = Quantized(model, y, ElementType.Int8);
        string restored = Restored(model, q);
        string v = model.Weight([2, 4, 3, 3], ElementType.Int8, -127, 127, 0.01f, seed: 2);
        model.Output(q, ElementType.Int8).Output(model.Round(model.Node("Conv", [restored, v]), 0.05f, 120));
        CompiledModel compiled = AssertComputesTheSame(model.Bytes());
        Assert.AreEqual(1, LoweringGraph.Operators(compiled.Tflite).Count(o => o == BuiltinOperator.Dequantize), "the float output");
    }

    [TestMethod]
    public void Integers_are_moved_and_computed_with_between_the_two()
    {
        (QdqModel model, string x) = Input(ElementType.UInt8);
        string q = Quantized(model, model.Node("Tanh", [x]), ElementType.Int8);
        string moved = model.Node("Transpose", [q], ("perm", new long[] { 0, 2, 3, 1 }));
        string wide = model.Node("Cast", [q], ("to", 1));
        model.Output(Restored(model, moved)).Output(wide);
        AssertComputesTheSame(model.Bytes());
    }

    [TestMethod]
    [DataRow(ElementType.Int16)]
    [DataRow(ElementType.UInt16)]
    public void Integers_of_16_bits_are_read_and_written(ElementType type)
    {
        (QdqModel model, string x) = Input(type);
        string zero = model.Constant(QdqModel.Integers(type, [], 300));
        string y = model.Node("QuantizeLinear", [model.Node("Tanh", [x]), model.Constant(Tensor.Scalar(1e-4f)), zero]);
        model.Model.Opset(21);
        AssertComputesTheSame(model.Output(y, type).Bytes(), liteRt: type == ElementType.Int16);
    }

    [TestMethod]
    [DataRow(21, false)]
    [DataRow(22, false)]
    [DataRow(21, true)]
    [DataRow(22, true)]
    public void Weights_of_4_bits_are_read(int type, bool isBlocked)
    {
        // Seven rows of three: an odd number of halves.
        var model = new QdqModel();
        model.Model.Opset(21).Input("x", "1", "7");
        string scales = isBlocked ? model.Constant(Tensor.Of<float>([2, 3], [0.1f, 0.2f, 0.3f, 0.4f, 0.5f, 0.6f]))
            : model.Constant(Tensor.Vector(0.1f, 0.2f, 0.3f));
        string zeros = FourBits(model, type, 0x21, isBlocked ? [2, 3] : [3]), w = FourBits(model, type, 0xC7, [7, 3]);
        (string, object)[] attributes = isBlocked ? [("axis", 0), ("block_size", 4)] : [("axis", 1)];
        model.Output(model.Node("MatMul", ["x", model.Node("DequantizeLinear", [w, scales, zeros], attributes)]));
        AssertComputesTheSame(model.Bytes());
    }

    [TestMethod]
    public void Integers_of_4_bits_are_refused_elsewhere()
    {
        var model = new QdqModel();
        model.Model.Opset(21).Input("x", "1", "7");
        string zero = FourBits(model, 22, 1, []);
        byte[] bytes = model.Output(model.Node("QuantizeLinear", ["x", model.Constant(Tensor.Scalar(0.1f)), zero])).Bytes();
        Assert.AreEqual("MOPT1004", Assert.ThrowsExactly<CompilationException>(() => OnnxReader.Read(bytes)).Diagnostic.Descriptor.Code);
    }

    private static string FourBits(QdqModel model, int type, int seed, long[] dims)
    {
        long count = dims.Aggregate(1L, (a, b) => a * b);
        byte[] packed = [.. Enumerable.Range(0, (int)(count + 1) / 2).Select(i => (byte)(seed + (i * 37)))];
        string name = $"w{model.Model.Graph.Initializer.Count}";
        model.Model.Graph.Initializer.Add(new Compiler.Onnx.Proto.TensorProto
        {
            Name = name, DataType = type, Dims = { dims }, RawData = Google.Protobuf.ByteString.CopyFrom(packed),
        });
        return name;
    }

    [TestMethod]
    public void Scales_may_be_computed()
    {
        (QdqModel model, string x) = Input(ElementType.Int8);
        string largest = model.Node("ReduceMean", [model.Node("Mul", [x, x])], ("keepdims", 0));
        string scale = model.Node("Div", [largest, model.Constant(Tensor.Scalar(20f))]);
        model.Output(model.Node("DequantizeLinear", [model.Node("QuantizeLinear", [x, scale]), scale]));
        AssertComputesTheSame(model.Bytes());
    }

    private static (QdqModel Model, string Restored) Input(ElementType type)
    {
        var model = new QdqModel();
        model.Model.Input("x", (int)type, "1", "3", "6", "6");
        string zero = model.Constant(QdqModel.Integers(type, [], type == ElementType.UInt8 ? 128 : 0));
        return (model, model.Node("DequantizeLinear", ["x", model.Constant(Tensor.Scalar(1 / 127.5f)), zero]));
    }

    private static string Quantized(QdqModel model, string y, ElementType type) =>
        model.Node("QuantizeLinear", [y, model.Constant(Tensor.Scalar(0.03f)), model.Constant(QdqModel.Integers(type, [], 5))]);

    private static string Restored(QdqModel model, string q) =>
        model.Node("DequantizeLinear", [q, model.Constant(Tensor.Scalar(0.03f)), model.Constant(Tensor.Scalar((sbyte)5))]);

    private static ModelSignature SignatureOf(byte[] model)
    {
        using var folder = new TempFolder();
        return ModelCompiler.ReadSignature(folder.Write("model.onnx", model), new CompileOptions());
    }

    private static CompiledModel AssertComputesTheSame(byte[] model, bool liteRt = true)
    {
        using var folder = new TempFolder();
        var diagnostics = new DiagnosticList();
        CompiledModel compiled = ModelCompiler.Compile(
            folder.Write("model.onnx", model), new CompileOptions { Quantization = QuantizationMode.None }, diagnostics);
        Assert.AreEqual("", string.Join('\n', diagnostics.Diagnostics));
        Graph graph = OnnxReader.Read(compiled.Onnx);
        ShapeInference.Run(graph);
        Dictionary<string, Tensor> feeds = graph.Feeds();
        if (feeds["x"].Type != ElementType.Float32) new Random(4).NextBytes(feeds["x"].Bytes.Span);
        Tensor[] expected = OnnxRuntime.Run(model, feeds, asWritten: true);
        AssertSame(expected, TfliteRunner.Run(compiled.Tflite, feeds["x"]), "the runtime");
        if (liteRt) AssertSame(expected, TfliteRunner.RunLiteRt(compiled.Tflite, feeds["x"]), "LiteRT");
        AssertSame(expected, OnnxRuntime.Run(compiled.Onnx, feeds, asWritten: true), "ONNX Runtime on the .onnx");
        AssertSame(expected, graph.Interpret(feeds, fakeQuantize: true), "the interpreter");
        return compiled;
    }

    /// <summary>Integers may be one off where a sum lies half way, at most at 2 % of the elements; floats by a step of 0.05.</summary>
    private static void AssertSame(Tensor[] expected, Tensor[] actual, string who)
    {
        for (int output = 0; output < expected.Length; output++)
        {
            Assert.AreEqual((expected[output].Type, expected[output].Shape), (actual[output].Type, actual[output].Shape), who);
            float[] e = Elements.ToFloats(expected[output]), a = Elements.ToFloats(actual[output]);
            float step = expected[output].Type == ElementType.Float32 ? 0.0501f : 1;
            Assert.IsLessThanOrEqualTo(step, e.Zip(a, (x, y) => MathF.Abs(x - y)).Max(), $"{who}, output {output}");
            int off = e.Zip(a).Count(p => MathF.Abs(p.First - p.Second) > 1e-4f);
            Assert.IsLessThanOrEqualTo(e.Length / 50, off, $"{who}, output {output}");
        }
    }
}
