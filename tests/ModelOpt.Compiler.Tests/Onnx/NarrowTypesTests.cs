using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Onnx.Proto;

namespace ModelOpt.Compiler.Tests.Onnx;

[TestClass]
internal sealed class NarrowTypesTests
{
    private static readonly float[] Samples =
    [
        0, -0f, 1, -1, 0.3f, 1.0625f, 1.1875f, 17, 18, 100, 239, 247, 248, 249, 300, 447, 448, 463, 464, 465, 470, 60000, 61439, 1e5f,
        -1e5f, 2e-3f, 1e-3f, 9.765625e-4f, 1e-6f, 7.6293945e-6f, 1e-9f, float.PositiveInfinity, float.NegativeInfinity, float.NaN,
    ];

    /// <summary>Numbers rounded to a format and back, as ONNX Runtime rounds them.</summary>
    [TestMethod]
    [DataRow(17, 1)]
    [DataRow(17, 0)]
    [DataRow(18, 1)]
    [DataRow(18, 0)]
    [DataRow(19, 1)]
    [DataRow(19, 0)]
    [DataRow(20, 1)]
    [DataRow(20, 0)]
    public void Casts_to_8_bit_floats_and_back_agree_with_ONNX_Runtime(int type, int saturates)
    {
        byte[] model = new OnnxModel().Opset(19).Input("x", $"{Samples.Length}")
            .Node("Cast c: x -> n", ("to", type), ("saturate", saturates)).Node("Cast b: n -> y", ("to", 1))
            .Output("y", $"{Samples.Length}").Bytes();
        Tensor x = Tensor.Vector<float>(Samples);
        float[] expected = Peers.OnnxRuntime.Run(model, new Dictionary<string, Tensor> { ["x"] = x })[0].Span<float>().ToArray();
        Graph graph = OnnxReader.Read(model);
        ShapeInference.Run(graph);
        CollectionAssert.AreEqual(expected, new Interpreter(graph).Run(x)[0].Span<float>().ToArray());
        CollectionAssert.AreEqual(expected, TfliteRunner.Run(Lowering.Write(graph), x)[0].Span<float>().ToArray());
    }

    [TestMethod]
    public void Weights_in_8_bit_floats_are_scaled()
    {
        // 0x38 is 1, 0xB8 −1, 0x40 2, 0x30 0.5.
        var model = new OnnxModel().Opset(19).Input("x", "1", "2").Initializer("s", [2], 2, 4)
            .Node("DequantizeLinear d: w s -> r", ("axis", 0)).Node("MatMul m: x r -> y").Output("y", "1", "2");
        model.Graph.Initializer.Add(new TensorProto
        {
            Name = "w", DataType = 17, Dims = { 2, 2 }, RawData = Google.Protobuf.ByteString.CopyFrom(0x38, 0xB8, 0x40, 0x30),
        });
        Graph graph = OnnxReader.Read(model.Bytes());
        ShapeInference.Run(graph);
        Tensor y = new Interpreter(graph).Run(Tensor.Of<float>([1, 2], [1, 10]))[0];
        CollectionAssert.AreEqual(new float[] { 82, 18 }, y.Span<float>().ToArray());
    }

    [TestMethod]
    public void Computing_with_codes_is_refused()
    {
        byte[] model = new OnnxModel().Opset(19).Input("x", 17, "2").Node("Relu r: x -> y").Output("y", "2").Bytes();
        StringAssert.Contains(
            Assert.ThrowsExactly<CompilationException>(() => OnnxReader.Read(model)).Message, "Relus of float8 are not supported");
    }
}
