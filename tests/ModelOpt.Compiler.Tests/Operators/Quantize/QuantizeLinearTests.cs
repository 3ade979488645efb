namespace ModelOpt.Compiler.Tests.Operators.Quantize;

[TestClass]
internal sealed class QuantizeLinearTests
{
    private static Tensor X =>
        Tensor.Of<float>([2, 3, 2], [0, 0.25f, -0.25f, 0.75f, 63.75f, 64, -64, -70, 1e30f, -1e30f, 0.749f, 5.3f]);

    [TestMethod]
    public void Both_granularities_agree_with_ONNX_Runtime()
    {
        Node("QuantizeLinear", [X, Tensor.Scalar(0.5f)]).AssertAgrees();
        Node("QuantizeLinear", [X, Tensor.Scalar(0.5f), Tensor.Scalar((sbyte)-3)]).AssertAgrees();
        Node("QuantizeLinear", [X, Tensor.Vector(0.5f, 0.3f, 0.1f), Tensor.Vector((sbyte)0, (sbyte)5, (sbyte)-128)])
            .AssertAgrees();
        Node("QuantizeLinear", [X, Tensor.Vector(0.5f, 0.3f), Tensor.Vector((byte)0, (byte)128)], 1, ("axis", -1L))
            .AssertAgrees();
        Node("QuantizeLinear", [X, Tensor.Scalar(0.01f), Tensor.Scalar((ushort)9)]).AssertAgrees(opset: 21);
        Node("QuantizeLinear", [X, Tensor.Scalar(0.01f)], 1, ("output_dtype", (long)ElementType.Int16)).AssertAgrees(opset: 21);
    }

    [TestMethod]
    public void Blocks_along_an_axis_agree_with_ONNX_Runtime()
    {
        Tensor scales = Tensor.Of<float>([2, 2, 2], [0.5f, 0.3f, 0.1f, 2, 1, 0.25f, 0.05f, 0.7f]);
        Tensor zeros = Tensor.Of<sbyte>([2, 2, 2], [0, 5, -128, 127, 1, 2, 3, -4]);
        // In blocks, ONNX Runtime converts to int32 before it saturates.
        Tensor x = Tensor.Of<float>([2, 3, 2], [0, 0.25f, -0.25f, 0.75f, 63.75f, 64, -64, -70, 1e3f, -1e3f, 0.749f, 5.3f]);
        Node("QuantizeLinear", [x, scales, zeros], 1, ("block_size", 2L), ("axis", 1L)).AssertAgrees(opset: 21);
        Node("QuantizeLinear", [x, scales], 1, ("block_size", 2L), ("axis", -2L), ("output_dtype", (long)ElementType.Int8))
            .AssertAgrees(opset: 21);
    }

    [TestMethod]
    public void It_is_written_to_TFLite_whatever_its_scales_are()
    {
        var random = new Random(3);
        Tensor x = Random(-1.5f, 2, 3, 4, 5), blocks = Random(0.01f, 2, 2, 4, 5);
        foreach (int fed in (int[])[1, 2, 3])
        {
            Node("QuantizeLinear", [x, Tensor.Scalar(0.03f), Tensor.Scalar((sbyte)-3)]).AssertAgreesWithPeers(fed);
            Node("QuantizeLinear", [x, Tensor.Vector(0.03f), Tensor.Vector((byte)131)]).AssertAgreesWithPeers(fed);
            Node("QuantizeLinear", [x, Tensor.Vector(0.05f, 0.03f, 0.01f), Tensor.Vector((byte)0, (byte)5, (byte)128)])
                .AssertAgreesWithPeers(fed);
            Node("QuantizeLinear", [x, Tensor.Scalar(0.0001f), Tensor.Scalar((short)-300)]).AssertAgreesWithPeers(fed, opset: 21);
            Node("QuantizeLinear", [x, blocks, Tensor.Zeros(ElementType.Int8, blocks.Dims)], 1, ("block_size", 2L))
                .AssertAgreesWithPeers(fed, opset: 21);
        }

        Tensor Random(float least, params ReadOnlySpan<int> dims)
        {
            Tensor tensor = Tensor.Zeros(ElementType.Float32, dims);
            foreach (ref float element in tensor.Span<float>()) element = least + (random.NextSingle() * 3);
            return tensor;
        }
    }

    [TestMethod]
    public void What_does_not_fit_is_diagnosed()
    {
        Assert.AreEqual("MOPT2004", Error(Node("QuantizeLinear", [X, Tensor.Vector(0.5f, 0.5f), Tensor.Vector<byte>(0, 0)])));
        Assert.AreEqual("MOPT2004", Error(Node("QuantizeLinear", [X, Tensor.Scalar(0.5f)], 1, ("block_size", 2L))));
        Assert.AreEqual("MOPT2006", Error(Node("QuantizeLinear", [X, Tensor.Scalar(0.5f)], 1, ("output_dtype", (long)ElementType.Int64))));
        Assert.AreEqual("MOPT2005", Error(Node("QuantizeLinear", [Tensor.Vector(1L), Tensor.Scalar(0.5f)])));
        Assert.AreEqual("MOPT2005", Error(Node("QuantizeLinear", [X, Tensor.Scalar(1)])));

        static string Error(Node node) =>
            Assert.ThrowsExactly<CompilationException>(() => node.Run()).Diagnostic.Descriptor.Code;
    }
}
