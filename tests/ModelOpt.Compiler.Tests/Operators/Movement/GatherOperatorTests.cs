using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using static ModelOpt.Compiler.Tests.Operators.OperatorTesting;
using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Movement;

/// <summary>Gradients are <see cref="GradientTests"/>' matter.</summary>
[TestClass]
internal sealed class GatherOperatorTests
{
    private readonly Random _random = new(8);

    [TestMethod]
    public void Elements_agree_with_peers()
    {
        Tensor indices = Tensor.Of<long>([2, 2, 4], [0, 1, 2, -1, 0, -3, 1, 1, 2, 2, 0, 0, 1, -2, 0, 1]);
        Node("GatherElements", [X(2, 3, 4), indices], 1, ("axis", 1L)).AssertAgreesWithPeers();
        Node("GatherElements", [X(2, 3, 4), indices], 1, ("axis", 1L)).AssertAgreesWithPeers(fed: 2);
    }

    [TestMethod]
    public void Slices_agree_with_peers()
    {
        Tensor pairs = Tensor.Of<long>([3, 2], [0, 1, 1, -1, 1, 0]), batch = Tensor.Of<long>([2, 2, 1], [0, 2, -1, 1]);
        foreach (int fed in (int[])[1, 2])
        {
            Node("GatherND", [X(2, 3, 4), pairs]).AssertAgreesWithPeers(fed);
            Node("GatherND", [X(2, 3, 4), batch], 1, ("batch_dims", 1L)).AssertAgreesWithPeers(fed);
        }
    }

    [TestMethod]
    public void An_index_outside_is_told() => Assert.AreEqual("MOPT2004", Assert.ThrowsExactly<CompilationException>(
        () => Node("GatherElements", [X(2), Tensor.Vector(2L)]).Run()).Diagnostic.Descriptor.Code);

    private Tensor X(params int[] dims) => Signed(_random, dims);
}
