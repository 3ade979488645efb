using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Selection;

/// <summary>Gradients are <see cref="GradientTests"/>' matter.</summary>
[TestClass]
internal sealed class ScatterElementsTests
{
    private readonly Random _random = new(8);

    [TestMethod]
    public void Results_agree_with_peers()
    {
        Tensor indices = Tensor.Of<long>([2, 2, 3], [0, 1, 2, 3, -2, 1, 1, 2, 0, -1, 0, 1]);
        Node node = Node("ScatterElements", [X(2, 4, 3), indices, X(2, 2, 3)], 1, ("axis", 1L));
        node.AssertAgreesWithPeers();
        node.AssertAgreesWithPeers(fed: 3);
    }

    [TestMethod]
    public void Known_values()
    {
        Tensor data = Tensor.Vector(1f, 2, 3, 4, 5), indices = Tensor.Vector(1L, 3), updates = Tensor.Vector(1.1f, 2.1f);
        Node("ScatterElements", [data, indices, updates]).AssertGives(1, 1.1f, 3, 2.1f, 5);
    }

    [TestMethod]
    public void The_last_of_equal_indices_stays()
    {
        Node node = Node("ScatterElements", [Tensor.Vector(1f, 2, 3), Tensor.Vector(0L, 2, 0, -3), Tensor.Vector(10f, 20, 30, 40)]);
        node.AssertGives(40f, 2, 20);
        node.AssertAgreesWithPeers();
        node.AssertAgreesWithPeers(fed: 3);
    }

    [TestMethod]
    [DataRow("add", 31f, 33f)]
    [DataRow("mul", 200f, 90f)]
    [DataRow("max", 20f, 30f)]
    [DataRow("min", 1f, 3f)]
    public void Updates_at_one_place_are_taken_together(string reduction, float first, float last)
    {
        Node node = Node(
            "ScatterElements", [Tensor.Vector(1f, 2, 3), Tensor.Vector(0L, 0, 2), Tensor.Vector(10f, 20, 30)], 1, ("reduction", reduction));
        node.AssertGives(first, 2, last);
        node.AssertAgreesWithPeers(opset: 18);
    }

    [TestMethod]
    public void An_index_outside_is_told() =>
        Assert.AreEqual("MOPT2004", Assert.ThrowsExactly<CompilationException>(
            () => Node("ScatterElements", [X(2), Tensor.Vector(2L), X(1)]).Run()).Diagnostic.Descriptor.Code);

    [TestMethod]
    public void What_does_not_fit_is_refused()
    {
        Tensor at = Tensor.Vector(0L);
        Assert.AreEqual("MOPT2002", Node("ScatterElements", [Floats(2), at, Floats(1)], 1, ("reduction", "mean")).InferError());
        Assert.AreEqual("MOPT2004", Node("ScatterElements", [Floats(2), at, Floats(1, 1)]).InferError());
        Assert.AreEqual("MOPT2005", Node("ScatterElements", [Floats(2), at, Tensor.Vector(1L)]).InferError());
    }

    private Tensor X(params int[] dims) => Signed(_random, dims);
}
