using ModelOpt.Compiler.Tests.Operators.Elementwise;

namespace ModelOpt.Compiler.Tests.Operators.Activations;

[TestClass]
internal sealed class SwishTests
{
    [TestMethod]
    public void It_is_a_product_with_a_sigmoid() =>
        Node("Swish", [Tensor.Vector(-2f, 0f, 3f)], 1, ("alpha", 0.5f))
            .AssertModelGives(opset: 24, -2 / (1 + MathF.E), 0, 3 / (1 + MathF.Exp(-1.5f)));

    [TestMethod]
    public void Integers_are_refused() => FunctionCases.AssertRefusesIntegers("Swish");
}
