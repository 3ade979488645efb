using ModelOpt.Compiler.Graphs;
using static ModelOpt.Compiler.Tests.Operators.OperatorTesting;
using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Movement;

/// <summary>Gradients are <see cref="GradientTests"/>' matter.</summary>
[TestClass]
internal sealed class KnownOperatorTests
{
    private readonly Random _random = new(8);

    [TestMethod]
    public void Results_agree_with_peers()
    {
        Node("EyeLike", [Signed(_random, 3, 4)], 1, ("k", 1L)).AssertAgreesWithPeers(liteRt: false);
        Node("EyeLike", [Signed(_random, 4, 3)], 1, ("k", -2L), ("dtype", 7L)).AssertAgreesWithPeers(liteRt: false);
        Node("Size", [Signed(_random, 3, 4)]).AssertAgreesWithPeers(liteRt: false);
    }

    [TestMethod]
    public void Ranges_are_folded()
    {
        Tensor y = Node("Range", [Tensor.Scalar(10L), Tensor.Scalar(3L), Tensor.Scalar(-3L)]).Run()[0];
        CollectionAssert.AreEqual(new[] { 10L, 7, 4 }, y.Span<long>().ToArray());
        y = Node("Range", [Tensor.Scalar(0f), Tensor.Scalar(1f), Tensor.Scalar(0.25f)]).Run()[0];
        CollectionAssert.AreEqual(new[] { 0f, 0.25f, 0.5f, 0.75f }, y.Span<float>().ToArray());
    }

    [TestMethod]
    public void An_open_limit_is_an_open_size()
    {
        var limit = new Value("limit", ElementType.Int64, new Shape(Array.Empty<Dim>())) { ShapeContent = [N] };
        Assert.AreEqual("[N]", Node("Range", [Tensor.Scalar(0L), limit, Tensor.Scalar(1L)]).Infer().Shape!.ToString());
    }
}
