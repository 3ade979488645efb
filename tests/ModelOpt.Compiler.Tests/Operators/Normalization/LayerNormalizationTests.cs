using ModelOpt.Compiler.Operators.Normalization;
using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Normalization;

/// <summary>Gradients are <see cref="GradientTests"/>' matter.</summary>
[TestClass]
internal sealed class LayerNormalizationTests
{
    [TestMethod]
    public void Statistics_keep_the_normalized_axes_as_1()
    {
        Node node = Node("LayerNormalization", [Floats(new Dim(-1, "N"), 3, 4), Floats(3, 4), Floats(4)], 3, ("axis", 1L));
        Operator.Of(node).InferShapes(node);
        CollectionAssert.AreEqual(
            new[] { "[N, 3, 4]", "[N, 1, 1]", "[N, 1, 1]" }, node.Outputs.Select(o => o!.Shape!.ToString()).ToArray());
    }

    [TestMethod]
    [DataRow(5, 1L, "MOPT2004")]
    [DataRow(4, 3L, "MOPT2002")]
    public void What_does_not_fit_is_told(int scale, long axis, string code)
    {
        Node node = Node("LayerNormalization", [Floats(2, 3, 4), Floats(scale)], 1, ("axis", axis));
        Assert.AreEqual(code, Assert.ThrowsExactly<CompilationException>(
            () => Operator.Of(node).InferShapes(node)).Diagnostic.Descriptor.Code);
    }

    [TestMethod]
    public void A_variance_ends_where_float32_does() =>
        Node("LayerNormalization", [Tensor.Vector(1e20f, -1e20f, 0), Tensor.Vector(4e21f, 1, 1), Tensor.Vector(1f, 2, 3)])
            .AssertModelGives(opset: 17, 1, 2, 3);

    [TestMethod]
    public void Results_agree_with_peers()
    {
        var random = new Random(5);
        foreach (long axis in (long[])[-1, 1, 0])
        {
            int[] dims = [2, 3, 4];
            int[] normalized = dims[(int)((axis + 3) % 3)..];
            Node("LayerNormalization", [Signed(random, dims), Signed(random, normalized), Signed(random, normalized)], 1, ("axis", axis))
                .AssertAgreesWithPeers();
            Node("LayerNormalization", [Signed(random, dims), Signed(random, normalized)], 1, ("axis", axis), ("epsilon", 0.1f))
                .AssertAgreesWithPeers(2);
        }
    }
}
