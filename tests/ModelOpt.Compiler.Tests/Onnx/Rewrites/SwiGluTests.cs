using ModelOpt.Compiler.Tests.Operators;
using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Onnx.Rewrites;

[TestClass]
internal sealed class SwiGluTests
{
    [TestMethod]
    public void The_gate_times_its_sigmoid_times_the_other()
    {
        Tensor a = Tensor.Of<float>([2, 2], [-2, -0.5f, 0, 3]), b = Tensor.Of<float>([2, 2], [1, 2, 3, -4]);
        Node("SwiGLU", [a, b]).AssertModelGives(28, Of(1));
        Node("SwiGLU", [a, b], 1, ("alpha", 1.5f)).AssertModelGives(28, Of(1.5));

        float[] Of(double alpha) =>
            [.. a.Span<float>().ToArray().Zip(b.Span<float>().ToArray(), (x, y) => (float)(x / (1 + Math.Exp(-alpha * x)) * y))];
    }
}
