namespace ModelOpt.Compiler.Tests.Operators.Normalization;

/// <summary>Gradients are <see cref="GradientTests"/>' matter.</summary>
[TestClass]
internal sealed class LogSoftmaxTests
{
    [TestMethod]
    public void Any_axis_and_the_older_form_agree_with_peers() => AxisCases.AssertAgree("LogSoftmax");

    [TestMethod]
    public void Known_values() =>
        Node("LogSoftmax", [Tensor.Vector(1f, 2, 3)]).AssertModelGives(opset: 13, -2.4076059f, -1.4076059f, -0.4076059f);

    [TestMethod]
    public void Great_numbers_keep_their_digits() =>
        Node("LogSoftmax", [Tensor.Vector(1000f, 1000, -1000)]).AssertModelGives(opset: 13, -0.6931472f, -0.6931472f, -2000.6931f);

    [TestMethod]
    public void Great_numbers_do_not_overflow() => Node("LogSoftmax", [Tensor.Vector(1000f, 1000, -1000)]).AssertAgreesWithPeers();
}
