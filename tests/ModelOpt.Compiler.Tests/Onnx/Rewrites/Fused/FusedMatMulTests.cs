namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Fused;

[TestClass]
internal sealed class FusedMatMulTests
{
    [TestMethod]
    [DataRow(false, true, 1f, true)]
    [DataRow(true, false, 0.5f, false)]
    [DataRow(true, true, 2f, true)]
    [DataRow(false, false, 0.125f, false)]
    public void Computes_what_ONNX_Runtime_does(bool transA, bool transB, float alpha, bool isConstant)
    {
        var model = new RewriteModel();
        int[] a = transA ? [2, 6, 3] : [2, 3, 6], b = transB ? [2, 5, 6] : [2, 6, 5];
        string y = model.Node("FusedMatMul",
            [model.Input(ElementType.Float32, a), isConstant ? model.Floats(1, b) : model.Input(ElementType.Float32, b)],
            ("transA", transA ? 1 : 0), ("transB", transB ? 1 : 0), ("alpha", alpha));
        model.Output(y).AssertAgrees();
    }

    [TestMethod]
    public void What_is_transposed_need_not_have_dimensions_in_the_file()
    {
        var model = new RewriteModel();
        string x = model.Input(ElementType.Float32, 2, 3, 6), w = model.Floats(1, 3, 4);
        string known = model.Node("Tanh", [x]);
        model.Output(model.Node("FusedMatMul", [known, w], ("transA", 1))).AssertAgrees();
        var other = new RewriteModel();
        string y = other.Node("Squeeze", [other.Input(ElementType.Float32, 1, 3, 6)]);
        string sum = other.Node("Add", [y, other.Floats(1, 3, 6)]);
        other.Output(other.Node("FusedMatMul", [sum, other.Floats(1, 3, 4)], ("transA", 1))).AssertAgrees();
    }
}
