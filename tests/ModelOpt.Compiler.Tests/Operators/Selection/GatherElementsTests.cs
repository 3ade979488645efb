using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Selection;

/// <summary>Gradients are <see cref="GradientTests"/>' matter.</summary>
[TestClass]
internal sealed class GatherElementsTests
{
    private readonly Random _random = new(8);

    [TestMethod]
    public void Results_agree_with_peers()
    {
        Tensor indices = Tensor.Of<long>([2, 2, 4], [0, 1, 2, -1, 0, -3, 1, 1, 2, 2, 0, 0, 1, -2, 0, 1]);
        Node("GatherElements", [X(2, 3, 4), indices], 1, ("axis", 1L)).AssertAgreesWithPeers();
        Node("GatherElements", [X(2, 3, 4), indices], 1, ("axis", 1L)).AssertAgreesWithPeers(fed: 2);
    }

    [TestMethod]
    public void Known_values()
    {
        Tensor data = Tensor.Of<int>([2, 2], [1, 2, 3, 4]), indices = Tensor.Of<long>([2, 2], [0, 0, 1, 0]);
        Node("GatherElements", [data, indices], 1, ("axis", 1L)).AssertGives(1, 1, 4, 3);
        Node("GatherElements", [data, indices]).AssertGives(1, 2, 3, 2);
    }

    [TestMethod]
    public void An_index_outside_is_told() =>
        Assert.AreEqual("MOPT2004", Assert.ThrowsExactly<CompilationException>(
            () => Node("GatherElements", [X(2), Tensor.Vector(2L)]).Run()).Diagnostic.Descriptor.Code);

    [TestMethod]
    public void Another_rank_is_refused() =>
        Assert.AreEqual("MOPT2004", Node("GatherElements", [Floats(2, 3), Tensor.Vector(0L)]).InferError());

    private Tensor X(params int[] dims) => Signed(_random, dims);

    [TestMethod]
    [DataRow(1, 2)]
    [DataRow(2, 1)]
    public void Sizes_may_be_open(int axis, int count)
    {
        Dim n = new(-1, "N"), t = new(-1, "T");
        Compile.OpenSizesTests.Check([n, t, 3], (g, x) =>
        {
            Value k = g.Longs(count);
            Value picks = g.Node("TopK", [g.Add("Neg", x), k], 2, ("axis", axis)).Outputs[1]!;
            // One less than the first is the last.
            return g.Add("GatherElements", [g.Add("Relu", x), g.Add("Sub", [picks, g.Longs(1)])], ("axis", axis));
        }, [2, 5, 3], [3, 4, 3]);
    }
}
