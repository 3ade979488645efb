namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Quantized;

[TestClass]
internal sealed class QLinearMatMulTests
{
    [TestMethod]
    [DataRow(ElementType.UInt8, ElementType.Int8, false)]
    [DataRow(ElementType.UInt8, ElementType.UInt8, false)]
    [DataRow(ElementType.Int8, ElementType.Int8, true)]
    public void Computes_what_ONNX_Runtime_does(ElementType data, ElementType weight, bool perColumn)
    {
        var model = new RewriteModel();
        string y = model.Node("QLinearMatMul",
            [model.Input(data, 3, 20), model.Scale(0.02f), model.Zero(data, 3), model.Integers(weight, 20, 7),
                model.Scale(0.01f, perColumn ? 7 : 1), perColumn ? model.Constant(Tensor.Zeros(weight, [7])) : model.Zero(weight, 9),
                model.Scale(0.4f), model.Zero(data, 7)]);
        model.Output(y, data).AssertAgrees(off: 0.05);
    }

    [TestMethod]
    public void Two_inputs_are_multiplied()
    {
        var model = new RewriteModel();
        (string scale, string zero) = (model.Scale(0.02f), model.Zero(ElementType.UInt8, 128));
        string y = model.Node("QLinearMatMul", [model.Input(ElementType.UInt8, 2, 3, 6), scale, zero,
            model.Input(ElementType.UInt8, 2, 6, 5), scale, zero, model.Scale(0.1f), zero]);
        model.Output(y, ElementType.UInt8).AssertAgrees(off: 0.05);
    }

    [TestMethod]
    public void Scales_of_several_dimensions_are_refused()
    {
        var model = new RewriteModel();
        string zero = model.Zero(ElementType.UInt8, 0);
        string y = model.Node("QLinearMatMul", [model.Input(ElementType.UInt8, 2, 3, 6), model.Floats(1, 2, 3, 1), zero,
            model.Input(ElementType.UInt8, 2, 6, 5), model.Scale(1), zero, model.Scale(1), zero]);
        CompilationException e = Assert.ThrowsExactly<CompilationException>(() => model.Output(y, ElementType.UInt8).Read());
        Assert.AreEqual("MOPT2006", e.Diagnostic.Descriptor.Code);
    }
}
