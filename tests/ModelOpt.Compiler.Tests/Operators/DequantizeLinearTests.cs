using ModelOpt.Compiler.Graphs;
using static ModelOpt.Compiler.Tests.Operators.OperatorTesting;

namespace ModelOpt.Compiler.Tests.Operators;

[TestClass]
public sealed class DequantizeLinearTests
{
    [TestMethod]
    public void Both_granularities_agree_with_ONNX_Runtime()
    {
        Tensor q = Tensor.Of<sbyte>([2, 3], [-128, -1, 0, 1, 5, 127]);
        Node("DequantizeLinear", [q, Tensor.Scalar(0.3f)]).AssertAgrees();
        Node("DequantizeLinear", [q, Tensor.Scalar(0.3f), Tensor.Scalar((sbyte)-7)]).AssertAgrees();
        Node("DequantizeLinear", [q, Tensor.Vector(0.5f, 0.3f, 0.1f), Tensor.Vector((sbyte)0, (sbyte)5, (sbyte)-128)])
            .AssertAgrees();
        Node("DequantizeLinear", [q, Tensor.Vector(0.5f, 0.3f)], 1, ("axis", 0L)).AssertAgrees();
        Node("DequantizeLinear", [Tensor.Vector(-100000, 7), Tensor.Scalar(0.001f)]).AssertAgrees();
    }
}
