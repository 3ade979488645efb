using ModelOpt.Compiler.Graphs;
using static ModelOpt.Compiler.Tests.Operators.OperatorTesting;

namespace ModelOpt.Compiler.Tests.Operators.Reduction;

/// <summary>What all reductions share; gradients are <see cref="GradientTests"/>' matter.</summary>
[TestClass]
internal sealed class ReduceOperatorTests
{
    private static readonly string[] _s_types =
    [
        "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum",
        "ReduceSumSquare",
    ];

    [TestMethod]
    public void Results_agree_with_peers()
    {
        foreach (string type in _s_types)
        {
            Tensor x = TestGraph.RandomTensor(1, 2, 3, 4, 5);
            // Negative sums have no logarithm.
            if (type == "ReduceLogSum") foreach (ref float element in x.Span<float>()) element = MathF.Abs(element);
            Node(type, [x, Tensor.Vector(1L)]).AssertAgreesWithPeers(opset: 18);
            Node(type, [x, Tensor.Vector(-1L, 2L)], 1, ("keepdims", 0L)).AssertAgreesWithPeers(opset: 18);
            Node(type, [x]).AssertAgreesWithPeers();
        }
    }

    [TestMethod]
    [DataRow(nameof(ElementType.Int32))]
    [DataRow(nameof(ElementType.Int64))]
    public void Integers_agree_with_ONNX_Runtime(string type)
    {
        Tensor x = Compiler.Graphs.Casting.To(Tensor.Of<int>([2, 3], [4, -2, 3, 7, 5, 6]), Enum.Parse<ElementType>(type));
        foreach (string reduction in (string[])["ReduceMin", "ReduceProd", "ReduceL1", "ReduceSumSquare"])
            Node(reduction, [x, Tensor.Vector(1L)]).AssertAgreesWithPeers(opset: 18, liteRt: false);
    }

    [TestMethod]
    public void Great_exponents_do_not_overflow()
    {
        Tensor y = Node("ReduceLogSumExp", [Tensor.Vector(1000f, 1000), Tensor.Vector(0L)]).Run()[0];
        Assert.AreEqual(1000 + MathF.Log(2), y.Span<float>()[0], 1e-3f);
        Node("ReduceLogSumExp", [Tensor.Of<float>([1, 2], [1000, 1000]), Tensor.Vector(1L)]).AssertAgreesWithPeers(opset: 18);
    }
}
