namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Fused;

[TestClass]
internal sealed class QuickGeluTests
{
    [TestMethod]
    [DataRow(1.702f)]
    [DataRow(1f)]
    public void Computes_what_ONNX_Runtime_does(float alpha)
    {
        var model = new RewriteModel();
        model.Output(model.Node("QuickGelu", [model.Input(ElementType.Float32, 2, 3, 8)], ("alpha", alpha))).AssertAgrees();
    }
}
