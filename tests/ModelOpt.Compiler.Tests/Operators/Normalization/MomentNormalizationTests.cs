using ModelOpt.Compiler.Graphs;
using static ModelOpt.Compiler.Tests.Operators.OperatorTesting;
using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Normalization;

/// <summary>InstanceNormalization, RMSNormalization, MeanVarianceNormalization and GroupNormalization.</summary>
[TestClass]
internal sealed class MomentNormalizationTests
{
    private readonly Random _random = new(8);

    [TestMethod]
    public void Instances_agree_with_peers()
    {
        Node("InstanceNormalization", [X(2, 3, 4, 5), X(3), X(3)]).AssertAgreesWithPeers();
        Node("InstanceNormalization", [X(2, 3, 7), X(3), X(3)], 1, ("epsilon", 0.1f)).AssertAgreesWithPeers(3);
        Node("InstanceNormalization", [X(1, 3, 4, 5), X(3), X(3)]).AssertAgreesWithPeers(3);
    }

    [TestMethod]
    public void Means_and_variances_agree_with_peers()
    {
        Node("MeanVarianceNormalization", [X(2, 3, 4, 5)]).AssertAgreesWithPeers();
        Node("MeanVarianceNormalization", [X(2, 3, 4, 5)], 1, ("axes", new long[] { 1 })).AssertAgreesWithPeers();
    }

    [TestMethod]
    public void Root_mean_squares_agree_with_peers()
    {
        Node("RMSNormalization", [X(2, 3, 5), X(5)]).AssertAgreesWithPeers(opset: 23);
        Node("RMSNormalization", [X(2, 3, 5), X(3, 5)], 1, ("axis", 1L)).AssertAgreesWithPeers(opset: 23);
    }

    [TestMethod]
    public void Groups_agree_with_peers()
    {
        Node("GroupNormalization", [X(2, 6, 4, 5), X(6), X(6)], 1, ("num_groups", 3L)).AssertAgreesWithPeers(opset: 21);
        Node("GroupNormalization", [X(2, 6, 4, 5), X(3), X(3)], 1, ("num_groups", 3L)).AssertAgreesWithPeers(opset: 18);
    }

    private Tensor X(params int[] dims) => Signed(_random, dims);
}
