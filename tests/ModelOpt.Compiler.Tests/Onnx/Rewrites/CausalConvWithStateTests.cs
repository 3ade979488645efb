using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Tests.Operators;
using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Onnx.Rewrites;

[TestClass]
internal sealed class CausalConvWithStateTests
{
    private static readonly Tensor X = Tensor.Of<float>([1, 2, 3], [1, 2, 3, 4, 5, 6]);
    private static readonly Tensor Weight = Tensor.Of<float>([2, 1, 2], [10, 1, 0, -1]);

    [TestMethod]
    public void Zeros_or_the_past_lie_before()
    {
        Node("CausalConvWithState", [X, Weight]).AssertModelGives(27, 1, 12, 23, -4, -5, -6);
        Node("CausalConvWithState", [X, Weight, Tensor.Vector(1f, 2)]).AssertModelGives(27, 2, 13, 24, -2, -3, -4);
        Tensor past = Tensor.Of<float>([1, 2, 1], [7, 8]);
        Node("CausalConvWithState", [X, Weight, null, past]).AssertModelGives(27, 71, 12, 23, -4, -5, -6);
    }

    [TestMethod]
    public void Silu_follows()
    {
        float[] plain = [1, 12, 23, -4, -5, -6];
        Node("CausalConvWithState", [X, Weight], 1, ("activation", "silu"))
            .AssertModelGives(27, [.. plain.Select(y => (float)(y / (1 + Math.Exp(-y))))]);
    }

    [TestMethod]
    public void The_last_numbers_are_the_next_past()
    {
        Graph graph = OnnxReader.Read(Node("CausalConvWithState", [X, Weight], 2).Model(27, fed: 1));
        ShapeInference.Run(graph);
        CollectionAssert.AreEqual(new[] { 3f, 6 }, new Interpreter(graph).Run(X)[1].Span<float>().ToArray());
    }

    [TestMethod]
    public void Another_activation_is_refused() => Assert.ThrowsExactly<CompilationException>(
        () => OnnxReader.Read(Node("CausalConvWithState", [X, Weight], 1, ("activation", "relu")).Model(27, fed: 1)));
}
