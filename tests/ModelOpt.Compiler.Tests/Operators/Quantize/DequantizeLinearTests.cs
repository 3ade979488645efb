using ModelOpt.Compiler.Onnx;

namespace ModelOpt.Compiler.Tests.Operators.Quantize;

[TestClass]
internal sealed class DequantizeLinearTests
{
    [TestMethod]
    public void Both_granularities_agree_with_ONNX_Runtime()
    {
        Tensor q = Tensor.Of<sbyte>([2, 3], [-128, -1, 0, 1, 5, 127]);
        Node("DequantizeLinear", [q, Tensor.Scalar(0.3f)]).AssertAgrees();
        Node("DequantizeLinear", [q, Tensor.Scalar(0.3f), Tensor.Scalar((sbyte)-7)]).AssertAgrees();
        Node("DequantizeLinear", [q, Tensor.Vector(0.5f, 0.3f, 0.1f), Tensor.Vector((sbyte)0, (sbyte)5, (sbyte)-128)])
            .AssertAgrees();
        Node("DequantizeLinear", [q, Tensor.Vector(0.5f, 0.3f)], 1, ("axis", 0L)).AssertAgrees();
        Node("DequantizeLinear", [Tensor.Vector(-100000, 7), Tensor.Scalar(0.001f)]).AssertAgrees();
    }

    [TestMethod]
    public void Blocks_along_an_axis_agree_with_ONNX_Runtime()
    {
        Tensor q = Tensor.Of<byte>([2, 3], [0, 1, 254, 255, 7, 128]);
        Tensor scales = Tensor.Of<float>([2, 2], [0.5f, 0.3f, 2, 0.1f]), zeros = Tensor.Of<byte>([2, 2], [128, 0, 5, 255]);
        Node("DequantizeLinear", [q, scales, zeros], 1, ("block_size", 2L)).AssertAgrees(opset: 21);
        Node("DequantizeLinear", [q, Tensor.Of<float>([1, 3], [0.5f, 0.3f, 2])], 1, ("block_size", 3L), ("axis", 0L))
            .AssertAgrees(opset: 21);
    }

    [TestMethod]
    public void It_is_written_to_TFLite_whatever_its_scales_are()
    {
        Tensor q = Tensor.Of<sbyte>([2, 3, 2], [-128, -1, 0, 1, 5, 127, 3, 4, -5, -6, 7, 8]), scales = Tensor.Vector(0.5f, 0.3f, 0.1f);
        Tensor blocks = Tensor.Of<float>([2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8]), zeros = Tensor.Zeros(ElementType.Int8, [2, 2, 2]);
        foreach (int fed in (int[])[1, 2, 3])
        {
            Node("DequantizeLinear", [q, Tensor.Scalar(0.3f), Tensor.Scalar((sbyte)-7)]).AssertAgreesWithPeers(fed);
            Node("DequantizeLinear", [q, Tensor.Vector(0.3f), Tensor.Vector((sbyte)-7)]).AssertAgreesWithPeers(fed);
            Node("DequantizeLinear", [q, scales, Tensor.Vector((sbyte)0, (sbyte)5, (sbyte)-128)]).AssertAgreesWithPeers(fed);
            Node("DequantizeLinear", [Tensor.Vector<ushort>(0, 9, 65535), scales, Tensor.Vector<ushort>(65535, 1, 0)], 1, ("axis", -1L))
                .AssertAgreesWithPeers(fed, opset: 21, liteRt: false);
            Node("DequantizeLinear", [q, blocks, zeros], 1, ("block_size", 2L)).AssertAgreesWithPeers(fed, opset: 21);
        }

        Node("DequantizeLinear", [Tensor.Vector(-100000, 7), Tensor.Scalar(0.001f)]).AssertAgreesWithPeers();
    }

    [TestMethod]
    public void Types_that_do_not_fit_are_refused()
    {
        Tensor q = Tensor.Of<sbyte>([3], [-7, 0, 100]), scale = Tensor.Scalar(0.3f);
        Assert.AreEqual("MOPT2006", Node("DequantizeLinear", [Tensor.Vector(1f, 2f), scale]).InferError());
        Assert.AreEqual("MOPT2005", Node("DequantizeLinear", [q, Tensor.Scalar(1)]).InferError());
        Assert.AreEqual("MOPT2005", Node("DequantizeLinear", [q, scale, Tensor.Scalar(0f)]).InferError());
        Assert.AreEqual("MOPT2005", Node("DequantizeLinear", [q, scale, Tensor.Of<byte>([], [0])]).InferError());
    }

    [TestMethod]
    public void Opset_23_may_name_the_type_of_the_result()
    {
        Tensor q = Tensor.Of<sbyte>([3], [-7, 0, 100]), scale = Tensor.Scalar(0.3f);
        (string, object) half = ("output_dtype", (long)ElementType.Float16), single = ("output_dtype", (long)ElementType.Float32);
        Tensor expected = Casting.To(Node("DequantizeLinear", [q, scale]).Run()[0], ElementType.Float16);
        Tensor actual = Node("DequantizeLinear", [q, scale], 1, half).Run()[0];
        Assert.AreEqual(ElementType.Float16, actual.Type);
        Assert.IsTrue(expected.Bytes.Span.SequenceEqual(actual.Bytes.Span));
        Assert.AreEqual("MOPT2006", Node("DequantizeLinear", [q, scale], 1, ("output_dtype", (long)ElementType.Int8)).InferError());

        // What names the scale's type says nothing new; a half is more than an annotation says, unless all floats become float32.
        Graph Read((string, object) type, bool asFloat32 = false) => OnnxReader.Read(
            Node("DequantizeLinear", [q, scale], 1, type).Model(opset: 23, fed: 0), asFloat32: asFloat32);
        Assert.AreEqual("Identity", Read(single).Types());
        Assert.AreEqual("DequantizeLinear", Read(half).Types());
        Assert.AreEqual("Identity", Read(half, asFloat32: true).Types());
    }
}
