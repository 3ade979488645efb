namespace ModelOpt.Compiler.Tests.Operators.Elementwise;

[TestClass]
internal sealed class CastTests
{
    private static readonly ElementType[] Types =
    [
        ElementType.Float32, ElementType.Float64, ElementType.Float16, ElementType.Bool, ElementType.Int8,
        ElementType.UInt8, ElementType.Int16, ElementType.UInt16, ElementType.Int32, ElementType.UInt32,
        ElementType.Int64, ElementType.UInt64,
    ];

    [TestMethod]
    public void Every_pair_of_types_agrees_with_ONNX_Runtime()
    {
        Tensor reals = Tensor.Vector(0.0, 0.3, 1.0, 1.7, 2.5, 77.49, 100.03, 3.14159265358979);
        foreach (ElementType from in Types)
        {
            Tensor x = Node("Cast", [reals], 1, ("to", (long)from)).Run()[0];
            foreach (ElementType to in Types) Node("Cast", [x], 1, ("to", (long)to)).AssertAgrees();
        }
    }

    [TestMethod]
    public void Integers_wrap_and_negative_numbers_round_towards_zero_as_in_ONNX_Runtime()
    {
        foreach (ElementType to in (ElementType[])[ElementType.Int8, ElementType.Int16, ElementType.Int32, ElementType.Int64])
        {
            Node("Cast", [Tensor.Vector(-1.9f, -0.5f, -100.7f)], 1, ("to", (long)to)).AssertAgrees();
            Node("Cast", [Tensor.Vector(-1L, 300L, 70000L, -40000L, 1L << 33)], 1, ("to", (long)to)).AssertAgrees();
        }

        Node("Cast", [Tensor.Vector(-1L, 300L)], 1, ("to", (long)ElementType.UInt8)).AssertAgrees();
        Node("Cast", [Tensor.Vector(65519f, 65520f, 1e-8f, 1e9f)], 1, ("to", (long)ElementType.Float16)).AssertAgrees();
    }

    [TestMethod]
    public void Sizes_stay_sizes() =>
        Assert.AreEqual(N, Node("Cast", [Sizes(N, 4)], 1, ("to", (long)ElementType.Int32)).Infer().ShapeContent![0]);

    [TestMethod]
    public void Text_and_unknown_types_are_refused()
    {
        foreach (long to in (long[])[0, 8, 14, 99])
            Assert.AreEqual("MOPT2006", Node("Cast", [Floats(1)], 1, ("to", to)).InferError());
    }

    [TestMethod]
    public void Every_two_types_agree_with_peers()
    {
        ElementType[] types = [ElementType.Float32, ElementType.Int8, ElementType.UInt8, ElementType.Int16, ElementType.UInt16,
            ElementType.Int32,
            ElementType.UInt32, ElementType.Int64, ElementType.Bool];
        foreach (ElementType from in types)
        {
            foreach (ElementType to in types.Where(t => t != from))
                Node("Cast", [Random(new Random(1), from, 5)], 1, ("to", (long)to)).AssertAgreesWithPeers();
        }
    }

    [TestMethod]
    public void Integers_keep_their_low_bits() =>
        Node("Cast", [Tensor.Vector(-99, 300, 70000)], 1, ("to", (long)ElementType.UInt8)).AssertAgreesWithPeers();
}
