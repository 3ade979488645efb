using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using static ModelOpt.Compiler.Tests.Operators.OperatorTesting;

namespace ModelOpt.Compiler.Tests.Operators;

[TestClass]
public sealed class QuantizeLinearTests
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
    public void What_does_not_fit_is_diagnosed()
    {
        Assert.AreEqual("MOPT2004", Error(Node("QuantizeLinear", [X, Tensor.Vector(0.5f, 0.5f), Tensor.Vector<byte>(0, 0)])));
        Assert.AreEqual("MOPT2006", Error(Node("QuantizeLinear", [X, Tensor.Scalar(0.5f)], 1, ("block_size", 2L))));

        static string Error(Node node) =>
            Assert.ThrowsExactly<CompilationException>(() => node.Run()).Diagnostic.Descriptor.Code;
    }
}
