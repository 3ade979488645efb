namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Fused;

[TestClass]
internal sealed class GeluRewriteTests
{
    [TestMethod]
    [DataRow("Gelu", false)]
    [DataRow("BiasGelu", true)]
    [DataRow("FastGelu", false)]
    [DataRow("FastGelu", true)]
    public void Computes_what_ONNX_Runtime_does(string type, bool hasBias)
    {
        var model = new RewriteModel();
        string x = model.Input(ElementType.Float32, 2, 3, 8);
        model.Output(model.Node(type, hasBias ? [x, model.Floats(1, 8)] : [x])).AssertAgrees();
    }
}
