using ModelOpt.Compiler.Tests.Operators;
using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Onnx.Rewrites;

[TestClass]
internal sealed class TensorScatterTests
{
    private static readonly Tensor Cache = Tensor.Of<float>([2, 4, 1], [1, 2, 3, 4, 5, 6, 7, 8]);
    private static readonly Tensor Update = Tensor.Of<float>([2, 2, 1], [10, 20, 30, 40]);

    [TestMethod]
    public void Each_sample_is_written_from_its_place_on()
    {
        Node("TensorScatter", [Cache, Update, Tensor.Vector(1L, 2)]).AssertModelGives(24, 1, 10, 20, 4, 5, 6, 30, 40);
        Node("TensorScatter", [Cache, Update]).AssertModelGives(24, 10, 20, 3, 4, 30, 40, 7, 8);
        Node("TensorScatter", [Cache, Update, Tensor.Vector(3L, 2)], 1, ("mode", "circular"))
            .AssertModelGives(24, 20, 2, 3, 10, 5, 6, 30, 40);
    }

    [TestMethod]
    public void Along_the_last_axis_too() =>
        Node("TensorScatter", [Tensor.Of<float>([1, 2, 3], [1, 2, 3, 4, 5, 6]), Tensor.Of<float>([1, 2, 1], [7, 8]), Tensor.Vector(1L)], 1,
            ("axis", -1L)).AssertModelGives(24, 1, 7, 3, 4, 8, 6);
}
