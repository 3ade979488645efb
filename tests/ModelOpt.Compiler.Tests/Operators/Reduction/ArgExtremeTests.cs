using ModelOpt.Compiler.Graphs;
using static ModelOpt.Compiler.Tests.Operators.OperatorTesting;
using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Reduction;

/// <summary>Gradients are <see cref="GradientTests"/>' matter.</summary>
[TestClass]
internal sealed class ArgExtremeTests
{
    private readonly Random _random = new(8);

    [TestMethod]
    [DataRow("ArgMax")]
    [DataRow("ArgMin")]
    public void Results_agree_with_peers(string type)
    {
        Node(type, [X(2, 3, 4, 5)], 1, ("axis", 1L)).AssertAgreesWithPeers();
        Node(type, [X(2, 3, 4, 5)], 1, ("axis", -1L), ("keepdims", 0L)).AssertAgreesWithPeers();
        Tensor ties = Tensor.Of<float>([2, 4], [1, 3, 3, 0, -1, -1, -1, -1]);
        Node(type, [ties], 1, ("axis", 1L)).AssertAgreesWithPeers();
        Node(type, [ties], 1, ("axis", 1L), ("select_last_index", 1L)).AssertAgreesWithPeers();
    }

    private Tensor X(params int[] dims) => Signed(_random, dims);
}
