using ModelOpt.Compiler.Graphs;
using static ModelOpt.Compiler.Tests.Operators.OperatorTesting;

namespace ModelOpt.Compiler.Tests.Operators.Elementwise;

/// <summary>Comparisons, logic, bits and rests of pairs of elements.</summary>
[TestClass]
internal sealed class PairOperatorTests
{
    [TestMethod]
    [DataRow("Equal")]
    [DataRow("Greater")]
    [DataRow("GreaterOrEqual")]
    [DataRow("Less")]
    [DataRow("LessOrEqual")]
    public void Comparisons_agree_with_peers(string type)
    {
        foreach (ElementType element in new[] { ElementType.Float32, ElementType.Int32, ElementType.Int64 })
        {
            Node(type, [Few(1, element, 3, 4, 5), Few(2, element, 4, 1)]).AssertAgreesWithPeers(fed: 2);
            Node(type, [Few(1, element, 3, 4, 5), Few(2, element)]).AssertAgreesWithPeers();
        }
    }

    [TestMethod]
    [DataRow("And")]
    [DataRow("Or")]
    [DataRow("Xor")]
    [DataRow("Equal")]
    public void Bools_agree_with_peers(string type) =>
        Node(type, [Few(1, ElementType.Bool, 3, 4, 5), Few(2, ElementType.Bool, 3, 1, 5)]).AssertAgreesWithPeers(fed: 2);

    [TestMethod]
    [DataRow(nameof(ElementType.Int32), 0L)]
    [DataRow(nameof(ElementType.Int64), 0L)]
    [DataRow(nameof(ElementType.Int8), 0L)]
    [DataRow(nameof(ElementType.UInt8), 0L)]
    [DataRow(nameof(ElementType.Int32), 1L)]
    [DataRow(nameof(ElementType.Int8), 1L)]
    [DataRow(nameof(ElementType.Float32), 1L)]
    public void Rests_agree_with_ONNX_Runtime(string type, long fmod)
    {
        ElementType element = Enum.Parse<ElementType>(type);
        int sign = type[0] == 'U' ? 1 : -1;
        Tensor a = Casting.To(Tensor.Of<int>([2, 3], [7, 7 * sign, 8, 8 * sign, 0, 5]), element);
        Tensor b = Casting.To(Tensor.Of<int>([3], [3, 5, 4 * sign]), element);
        Node("Mod", [a, b], 1, ("fmod", fmod)).AssertAgreesWithPeers(fed: 2, liteRt: type is "Int32" or "Float32" or "Int64");
    }

    [TestMethod]
    public void A_rest_of_floats_keeps_its_digits() =>
        Node("Mod", [Tensor.Vector(-1e-6f, 5.5f, -7.25f), Tensor.Vector(5f, -2f, 3f)], 1, ("fmod", 1L)).AssertAgreesWithPeers(fed: 2);

    [TestMethod]
    [DataRow("LEFT")]
    [DataRow("RIGHT")]
    public void Shifts_agree_with_ONNX_Runtime(string direction)
    {
        foreach (ElementType element in new[] { ElementType.UInt8, ElementType.UInt32, ElementType.UInt64 })
        {
            Tensor a = Casting.To(Tensor.Vector(1L, 200, 77), element), b = Casting.To(Tensor.Vector(2L, 1, 0), element);
            Node("BitShift", [a, b], 1, ("direction", direction)).AssertAgreesWithPeers(fed: 2, liteRt: false);
        }
    }

    [TestMethod]
    [DataRow("BitwiseAnd")]
    [DataRow("BitwiseOr")]
    [DataRow("BitwiseXor")]
    public void Bits_agree_with_ONNX_Runtime(string type)
    {
        foreach (ElementType element in new[] { ElementType.UInt8, ElementType.Int16, ElementType.Int32, ElementType.Int64 })
        {
            Tensor a = Casting.To(Tensor.Vector(1L, 200, 77), element), b = Casting.To(Tensor.Vector(3L, 129, -1), element);
            Node(type, [a, b]).AssertAgreesWithPeers(fed: 2, opset: 18, liteRt: false);
        }
    }

    [TestMethod]
    public void Other_operands_are_refused()
    {
        Assert.AreEqual("MOPT2005", Node("Less", [Tensor.Vector(1f), Tensor.Vector(1)]).InferError());
        Assert.AreEqual("MOPT2005", Node("Where", [Tensor.Vector(1f), Tensor.Vector(1), Tensor.Vector(1)]).InferError());
    }

    private static Tensor Few(int seed, ElementType type, params int[] dims)
    {
        var random = new Random(seed);
        Tensor x = Tensor.Zeros(ElementType.Int32, dims);
        foreach (ref int element in x.Span<int>()) element = type == ElementType.Bool ? random.Next(2) : random.Next(-2, 3);
        return Casting.To(x, type);
    }
}
