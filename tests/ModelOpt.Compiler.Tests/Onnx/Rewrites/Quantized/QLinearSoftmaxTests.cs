namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Quantized;

[TestClass]
internal sealed class QLinearSoftmaxTests
{
    [TestMethod]
    [DataRow(13, -1)]
    [DataRow(13, 1)]
    [DataRow(12, 2)]
    public void Computes_what_ONNX_Runtime_does(int opset, int axis) => Model(opset, axis).AssertAgrees(off: 0.05);

    [TestMethod]
    public void Sums_over_several_axes_are_refused()
    {
        CompilationException e = Assert.ThrowsExactly<CompilationException>(() => Model(12, 1).Read());
        Assert.AreEqual("MOPT2006", e.Diagnostic.Descriptor.Code);
    }

    private static RewriteModel Model(int opset, int axis)
    {
        var model = new RewriteModel();
        string y = model.Node("QLinearSoftmax", [model.Input(ElementType.UInt8, 2, 3, 5), model.Scale(0.02f),
            model.Zero(ElementType.UInt8, 3), model.Constant(Tensor.Scalar(1 / 256f)), model.Zero(ElementType.UInt8, 0)],
            ("axis", axis), ("opset", opset));
        return model.Output(y, ElementType.UInt8);
    }
}
