using ModelOpt.Compiler.Onnx;
using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Contract;

/// <summary>Integers that TFLite does not compute with come out as if it did.</summary>
[TestClass]
internal sealed class LoweringStepsTests
{
    private static readonly ElementType[] Narrow =
        [ElementType.Int8, ElementType.UInt8, ElementType.Int16, ElementType.UInt16, ElementType.UInt32];

    [TestMethod]
    public void Arithmetic_of_every_integer_type_agrees_with_peers()
    {
        var random = new Random(3);
        foreach (ElementType type in (ElementType[])[.. Narrow, ElementType.Int32, ElementType.Int64])
        {
            // ONNX Runtime has no Max of 16 bits.
            string[] more = type is ElementType.Int16 or ElementType.UInt16 ? [] : ["Max", "Min"];
            foreach (string op in (string[])["Add", "Sub", "Mul", "Div", .. more])
            {
                // LiteRT divides int32 only.
                bool liteRt = op != "Div" || type is not (ElementType.Int64 or ElementType.UInt32);
                Node(op, [Random(random, type, 3, 4), Random(random, type, 4)]).AssertAgreesWithPeers(2, liteRt: liteRt);
            }
        }
    }

    [TestMethod]
    public void Results_wrap_as_in_the_narrow_type()
    {
        Node("Add", [Tensor.Vector<byte>(200, 255), Tensor.Vector<byte>(100, 1)]).AssertAgreesWithPeers(2);
        Node("Sub", [Tensor.Vector<uint>(1, 5), Tensor.Vector<uint>(2, 4)]).AssertAgreesWithPeers(2);
        Node("Mul", [Tensor.Vector<sbyte>(100, -128), Tensor.Vector<sbyte>(100, -1)]).AssertAgreesWithPeers(2);
    }

    [TestMethod]
    public void Unsigned_64_bits_are_computed_here_and_not_in_LiteRT()
    {
        Tensor a = Tensor.Vector<ulong>(ulong.MaxValue, 7), b = Tensor.Vector<ulong>(2, 3);
        foreach (string op in (string[])["Add", "Sub", "Mul", "Div", "Max", "Min"])
            Node(op, [a, b]).AssertAgreesWithPeers(2, liteRt: false);
    }

    [TestMethod]
    public void Scalars_stay_scalars()
    {
        Node("Neg", [Tensor.Scalar<long>(5)]).AssertAgreesWithPeers();
        Node("Relu", [Tensor.Scalar<int>(-5)]).AssertAgreesWithPeers();
    }

    [TestMethod]
    public void Functions_of_integers_agree_with_peers()
    {
        Node("Neg", [Tensor.Vector<sbyte>(-128, 0, 127)]).AssertAgreesWithPeers();
        Node("Neg", [Tensor.Vector<long>(-3, long.MaxValue)]).AssertAgreesWithPeers();
        Node("Clip", [Tensor.Vector<sbyte>(-128, 0, 127), Tensor.Scalar<sbyte>(-3), Tensor.Scalar<sbyte>(4)]).AssertAgreesWithPeers();
        Node("PRelu", [Tensor.Of<int>([2, 2], [-3, 4, -5, 0]), Tensor.Vector(2, 3)]).AssertAgreesWithPeers();
        Node("ReduceSum", [Tensor.Of<int>([2, 2], [-3, 4, -5, 0]), Tensor.Vector(1L)]).AssertAgreesWithPeers();
        Node("Expand", [Tensor.Vector<byte>(1, 2), Tensor.Vector(3L, 2L)]).AssertAgreesWithPeers();
    }

    [TestMethod]
    public void Products_of_integer_matrices_agree_with_peers()
    {
        var random = new Random(4);
        foreach (ElementType type in (ElementType[])[ElementType.Int32, ElementType.UInt32, ElementType.Int64])
        {
            Node("MatMul", [Random(random, type, 3, 4), Random(random, type, 4, 2)]).AssertAgreesWithPeers();
            Node("MatMul", [Random(random, type, 2, 3, 4), Random(random, type, 4)]).AssertAgreesWithPeers(2);
        }
    }

    [TestMethod]
    public void More_dimensions_than_a_runtime_takes_are_refused()
    {
        Node("Unsqueeze", [Signed(new Random(1), 2, 1, 3, 1, 1, 2), Tensor.Vector(0L, 3)]).AssertAgreesWithPeers();
        Node node = Node("Unsqueeze", [Tensor.Zeros(ElementType.Float32, [2, 1, 1, 1, 1, 2]), Tensor.Vector(0L, 1, 2)]);
        Graph graph = OnnxReader.Read(node.Model(fed: 1));
        ShapeInference.Run(graph);
        Assert.AreEqual("MOPT5001", Assert.ThrowsExactly<CompilationException>(() => Lowering.Write(graph)).Diagnostic.Descriptor.Code);
    }
}
