using ModelOpt.Compiler.Graphs;
using static ModelOpt.Compiler.Tests.Operators.OperatorTesting;

namespace ModelOpt.Compiler.Tests.Operators.Elementwise;

/// <summary>Maps without a gradient, tests of floats, choices and conversions.</summary>
[TestClass]
internal sealed class MapOperatorTests
{
    private static readonly Tensor _halves = Tensor.Of<float>([2, 5], [-2.5f, -1.5f, -0.5f, -0.2f, 0, 0.2f, 0.5f, 1.5f, 2.5f, 100.7f]);

    [TestMethod]
    [DataRow("Floor")]
    [DataRow("Ceil")]
    [DataRow("Round")]
    [DataRow("Sign")]
    [DataRow("Shrink")]
    public void Results_agree_with_peers(string type) => Node(type, [_halves]).AssertAgreesWithPeers();

    [TestMethod]
    public void Shrinking_with_a_bias_agrees_with_peers() =>
        Node("Shrink", [_halves], 1, ("lambd", 1.5f), ("bias", 0.5f)).AssertAgreesWithPeers();

    [TestMethod]
    [DataRow(nameof(ElementType.Int64))]
    [DataRow(nameof(ElementType.Int8))]
    [DataRow(nameof(ElementType.UInt64))]
    public void Signs_of_integers_agree_with_ONNX_Runtime(string type)
    {
        Tensor x = Casting.To(Tensor.Vector(3L, type[0] == 'U' ? 9 : -7, 0), Enum.Parse<ElementType>(type));
        Node("Sign", [x]).AssertAgreesWithPeers(liteRt: false);
    }

    [TestMethod]
    public void Not_agrees_with_peers() =>
        Node("Not", [Casting.To(Tensor.Vector(1, 0, 0, 1), ElementType.Bool)]).AssertAgreesWithPeers();

    [TestMethod]
    public void Bits_that_are_not_there_agree_with_ONNX_Runtime()
    {
        foreach (ElementType type in new[] { ElementType.UInt8, ElementType.Int32, ElementType.UInt64 })
            Node("BitwiseNot", [Casting.To(Tensor.Vector(3L, 0, 77), type)]).AssertAgreesWithPeers(opset: 18, liteRt: false);
    }

    [TestMethod]
    public void Tests_of_floats_agree_with_peers()
    {
        Tensor x = Tensor.Vector(1f, float.NaN, float.PositiveInfinity, float.NegativeInfinity, 0f);
        Node("IsNaN", [x]).AssertAgreesWithPeers();
        Node("IsInf", [x]).AssertAgreesWithPeers();
        Node("IsInf", [x], 1, ("detect_negative", 0L)).AssertAgreesWithPeers();
        Node("IsInf", [x], 1, ("detect_positive", 0L)).AssertAgreesWithPeers();
        Node("IsInf", [x], 1, ("detect_positive", 0L), ("detect_negative", 0L)).AssertAgreesWithPeers();
    }

    [TestMethod]
    public void Choices_agree_with_peers()
    {
        Tensor condition = Casting.To(Tensor.Of<int>([2, 1, 3], [1, 0, 1, 0, 0, 1]), ElementType.Bool);
        Node("Where", [condition, TestGraph.RandomTensor(1, 2, 4, 3), TestGraph.RandomTensor(2, 4, 1)]).AssertAgreesWithPeers(fed: 3);
        Node("Where", [condition, Tensor.Scalar(5L), Tensor.Of<long>([4, 1], [1, 2, 3, 4])]).AssertAgreesWithPeers(fed: 3);
    }

    [TestMethod]
    public void A_cast_to_the_type_of_another_agrees_with_ONNX_Runtime() =>
        Node("CastLike", [_halves, Tensor.Vector(1)]).AssertAgreesWithPeers(fed: 2, liteRt: false);
}
