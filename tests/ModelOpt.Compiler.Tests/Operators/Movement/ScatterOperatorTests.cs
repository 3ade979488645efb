using ModelOpt.Compiler.Graphs;
using static ModelOpt.Compiler.Tests.Operators.OperatorTesting;
using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Movement;

/// <summary>Gradients are <see cref="GradientTests"/>' matter.</summary>
[TestClass]
internal sealed class ScatterOperatorTests
{
    private readonly Random _random = new(8);

    [TestMethod]
    public void Elements_agree_with_peers()
    {
        Tensor indices = Tensor.Of<long>([2, 2, 3], [0, 1, 2, 3, -2, 1, 1, 2, 0, -1, 0, 1]);
        Node node = Node("ScatterElements", [X(2, 4, 3), indices, X(2, 2, 3)], 1, ("axis", 1L));
        node.AssertAgreesWithPeers();
        node.AssertAgreesWithPeers(fed: 3);
    }

    [TestMethod]
    public void Slices_agree_with_peers()
    {
        Tensor pairs = Tensor.Of<long>([3, 2], [0, 1, 1, -1, 1, 0]), rows = Tensor.Of<long>([2, 1], [3, 0]);
        foreach (int fed in (int[])[1, 3])
        {
            Node("ScatterND", [X(2, 3, 4), pairs, X(3, 4)]).AssertAgreesWithPeers(fed);
            Node("ScatterND", [X(4, 5), rows, X(2, 5)]).AssertAgreesWithPeers(fed);
        }
    }

    [TestMethod]
    [DataRow("add")]
    [DataRow("mul")]
    [DataRow("max")]
    [DataRow("min")]
    public void Updates_at_distinct_places_are_taken_together(string reduction) =>
        Node("ScatterND", [X(4, 5), Tensor.Of<long>([2, 1], [3, 0]), X(2, 5)], 1, ("reduction", reduction))
            .AssertAgreesWithPeers(opset: 18);

    [TestMethod]
    [DataRow("add")]
    [DataRow("mul")]
    [DataRow("max")]
    public void Updates_at_one_place_are_taken_together_one_after_another(string reduction) =>
        Node("ScatterND", [X(4, 5), Tensor.Of<long>([3, 1], [3, 0, 3]), X(3, 5)], 1, ("reduction", reduction))
            .AssertAgreesWithPeers(opset: 18);

    private Tensor X(params int[] dims) => Signed(_random, dims);
}
