using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Reduction;

/// <summary>Gradients are <see cref="GradientTests"/>' matter.</summary>
[TestClass]
internal sealed class CumSumTests
{
    private readonly Random _random = new(8);

    [TestMethod]
    public void Results_agree_with_peers()
    {
        foreach (long exclusive in (long[])[0, 1])
        {
            foreach (long reverse in (long[])[0, 1])
            {
                Node("CumSum", [Signed(_random, 2, 5, 3), Tensor.Scalar(1)], 1, ("exclusive", exclusive), ("reverse", reverse))
                    .AssertAgreesWithPeers();
            }
        }
    }
}
