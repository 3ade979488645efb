namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Quantized;

[TestClass]
internal sealed class QLinearConcatTests
{
    [TestMethod]
    public void Computes_what_ONNX_Runtime_does()
    {
        var model = new RewriteModel();
        string y = model.Node("QLinearConcat", [model.Scale(0.03f), model.Zero(ElementType.UInt8, 12),
            model.Input(ElementType.UInt8, 2, 3, 5), model.Scale(0.02f), model.Zero(ElementType.UInt8, 3),
            model.Input(ElementType.UInt8, 2, 4, 5), model.Scale(0.01f), model.Zero(ElementType.UInt8, 100)], ("axis", 1));
        model.Output(y, ElementType.UInt8).AssertAgrees(off: 0.03);
    }

    [TestMethod]
    public void An_input_without_its_scale_is_refused()
    {
        var model = new RewriteModel();
        string y = model.Node("QLinearConcat", [model.Scale(0.03f), model.Zero(ElementType.UInt8, 12),
            model.Input(ElementType.UInt8, 2, 3, 5), model.Scale(0.02f), model.Zero(ElementType.UInt8, 3),
            model.Input(ElementType.UInt8, 2, 4, 5)], ("axis", 1));
        CompilationException e = Assert.ThrowsExactly<CompilationException>(() => model.Output(y, ElementType.UInt8).Read());
        Assert.AreEqual("MOPT2006", e.Diagnostic.Descriptor.Code);
    }
}
