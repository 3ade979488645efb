using ModelOpt.Compiler.Graphs;
using static ModelOpt.Compiler.Tests.Operators.OperatorTesting;
using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Normalization;

/// <summary>Gradients are <see cref="GradientTests"/>' matter.</summary>
[TestClass]
internal sealed class LogSoftmaxTests
{
    private readonly Random _random = new(8);

    [TestMethod]
    [DataRow("LogSoftmax")]
    [DataRow("Hardmax")]
    public void Any_axis_and_the_older_form_agree_with_peers(string type)
    {
        Node(type, [X(2, 3, 4)]).AssertAgreesWithPeers();
        Node(type, [X(2, 3, 4)], 1, ("axis", 1L)).AssertAgreesWithPeers();
        Node(type, [X(2, 3, 4)], 1, ("axis", 1L)).AssertAgreesWithPeers(opset: 11);
    }

    private Tensor X(params int[] dims) => Signed(_random, dims);
}
