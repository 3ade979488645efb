namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Learned;

[TestClass]
internal sealed class ArrayFeatureExtractorTests
{
    [TestMethod]
    public void Results_agree_with_ONNX_Runtime()
    {
        var model = new RewriteModel();
        model.Proto.Input("x", (int)ElementType.Float32, "6", "5");
        model.Output(model.Node("ArrayFeatureExtractor", ["x", model.Constant(Tensor.Vector(3L, 0, 3))])).AssertAgrees();
    }
}
