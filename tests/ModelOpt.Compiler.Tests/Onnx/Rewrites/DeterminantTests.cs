using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Tests.Operators;
using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Onnx.Rewrites;

[TestClass]
internal sealed class DeterminantTests
{
    [TestMethod]
    public void Of_small_matrices()
    {
        Node("Det", [Tensor.Of<float>([2, 2], [1, 2, 3, 4])]).AssertModelGives(11, -2);
        Node("Det", [Tensor.Of<float>([2, 1, 1], [5, -6])]).AssertModelGives(22, 5, -6);
        Node("Det", [Tensor.Of<float>([3, 3], [2, 0, 1, 1, 3, 2, 1, 1, 4])]).AssertModelGives(22, 18);
        Node("Det", [Tensor.Of<float>([4, 4], [0, 0, 0, 1, 0, 2, 0, 0, 3, 0, 0, 0, 0, 0, 4, 0])]).AssertModelGives(22, 24);
    }

    [TestMethod]
    public void Of_larger_ones_it_is_refused() => Assert.AreEqual("MOPT2006", Assert.ThrowsExactly<CompilationException>(
        () => OnnxReader.Read(Node("Det", [Tensor.Zeros(ElementType.Float32, [7, 7])]).Model(22))).Diagnostic.Descriptor.Code);
}
