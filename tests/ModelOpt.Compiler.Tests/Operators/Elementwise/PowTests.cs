using ModelOpt.Compiler.Operators.Elementwise;

namespace ModelOpt.Compiler.Tests.Operators.Elementwise;

[TestClass]
internal sealed class PowTests
{
    [TestMethod]
    public void Common_exponents_agree_with_ONNX_Runtime()
    {
        Tensor x = Random(new Random(1), ElementType.Float32, 2, 3);
        Node("Pow", [x, Tensor.Scalar(2f)]).AssertAgrees();
        Node("Pow", [x, Tensor.Scalar(0.5f)]).AssertAgrees();
        Node("Pow", [Tensor.Vector(1L, 2L, 3L), Tensor.Scalar(3f)]).AssertAgrees();
        Node("Pow", [Tensor.Vector(2f, 3f), Tensor.Of<int>([2, 1], [2, 3])]).AssertAgrees();
    }

    [TestMethod]
    public void Squares_and_roots_are_lowered()
    {
        var graph = new TestGraph();
        Value x = graph.ChannelLast(2, 3, 4, 5);
        graph.Output(graph.Add("Pow", graph.Add("Pow", x, graph.Scalar(2)), graph.Scalar(0.5f)));
        Assert.AreEqual("MUL SQRT TRANSPOSE", graph.AssertLowers());
    }

    [TestMethod]
    public void Any_exponents_agree_with_peers()
    {
        Tensor x = Tensor.Of<float>([2, 3], [0.5f, 1, 2, 3, 4, 0.25f]), signed = Tensor.Of<float>([2, 3], [-0.5f, 1, -2, 3, -4, 0.25f]);
        Node("Pow", [x, Tensor.Vector(-1.5f, 0.3f, 2)]).AssertAgreesWithPeers(2);
        Node("Pow", [signed, Tensor.Scalar(3f)]).AssertAgreesWithPeers();
        Node("Pow", [signed, Tensor.Scalar(-1f)]).AssertAgreesWithPeers();
        Node("Pow", [signed, Tensor.Scalar(0f)]).AssertAgreesWithPeers();
        Node("Pow", [signed, Tensor.Vector(3L)]).AssertAgreesWithPeers();
        Node("Pow", [Tensor.Vector(-3, 2, 46340), Tensor.Scalar(2)]).AssertAgreesWithPeers();
        Node("Pow", [Tensor.Vector(-3, 2, 1290), Tensor.Scalar(3)]).AssertAgreesWithPeers();
        // Products wrap.
        Node("Pow", [Tensor.Vector(-100_000, 46341, 1 << 20), Tensor.Scalar(2)]).AssertAgreesWithPeers();
        Node("Pow", [Tensor.Vector(-3000, 1291, 1 << 20), Tensor.Scalar(3)]).AssertAgreesWithPeers();
    }

    [TestMethod]
    public void Integers_have_any_exponent()
    {
        Tensor x = Tensor.Of<int>([2, 3], [-3, 2, 5, 0, 1, -1]), wide = Casting.To(x, ElementType.Int64);
        // 33 fives are more than float32 holds, and fractions are cut off.
        Node("Pow", [x, Tensor.Vector(0, 5, 13)]).AssertAgreesWithPeers(2);
        Node("Pow", [wide, Tensor.Vector(4L, 33, 19)]).AssertAgreesWithPeers(2, liteRt: false);
        Node("Pow", [wide, Tensor.Scalar(0)]).AssertAgreesWithPeers(liteRt: false);
        Node("Pow", [Tensor.Vector(4L, 100, 8), Tensor.Vector(2.5f, 0.5f, 1 / 3f)]).AssertAgreesWithPeers(2, liteRt: false);
        Node("Pow", [Tensor.Vector(4, 9, 8), Tensor.Vector(-1L, 2, 7)]).AssertAgreesWithPeers(2, liteRt: false);
    }
}
