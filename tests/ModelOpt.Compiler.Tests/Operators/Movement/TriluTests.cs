using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Movement;

/// <summary>Gradients are <see cref="GradientTests"/>' matter.</summary>
[TestClass]
internal sealed class TriluTests
{
    private readonly Random _random = new(8);

    [TestMethod]
    public void Results_agree_with_peers()
    {
        foreach (long upper in (long[])[0, 1])
        {
            Node("Trilu", [Signed(_random, 2, 3, 4)], 1, ("upper", upper)).AssertAgreesWithPeers();
            Node("Trilu", [Signed(_random, 2, 4, 3), Tensor.Scalar(-1L)], 1, ("upper", upper)).AssertAgreesWithPeers();
        }

        Tensor infinite = Tensor.Of<float>([2, 2], [1, 2, float.NegativeInfinity, 3]);
        Node("Trilu", [infinite]).AssertAgreesWithPeers();
    }
}
