using ModelOpt.Compiler.Tests.Operators;
using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Onnx.Rewrites;

[TestClass]
internal sealed class CumProdTests
{
    [TestMethod]
    public void Products_of_the_first_elements()
    {
        Tensor x = Tensor.Of<float>([2, 3], [1, 2, 3, 4, 5, 6]), axis = Tensor.Scalar(1L);
        Node("CumProd", [x, axis]).AssertModelGives(26, 1, 2, 6, 4, 20, 120);
        Node("CumProd", [x, axis], 1, ("exclusive", 1L)).AssertModelGives(26, 1, 1, 2, 1, 4, 20);
        Node("CumProd", [x, axis], 1, ("reverse", 1L)).AssertModelGives(26, 6, 6, 3, 120, 30, 6);
        Node("CumProd", [x, axis], 1, ("reverse", 1L), ("exclusive", 1L)).AssertModelGives(26, 6, 3, 1, 30, 6, 1);
        Node("CumProd", [Tensor.Of<float>([3, 1], [5, 6, 7]), axis], 1, ("reverse", 1L), ("exclusive", 1L))
            .AssertModelGives(26, liteRt: false, 1f, 1, 1);
        Node("CumProd", [x, Tensor.Scalar(-2L)]).AssertModelGives(26, 1, 2, 3, 4, 10, 18);
    }
}
