namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Learned;

[TestClass]
internal sealed class FeatureVectorizerTests
{
    [TestMethod]
    public void Results_agree_with_ONNX_Runtime()
    {
        var model = new RewriteModel();
        string[] inputs = [model.Input(ElementType.Float32, 4, 2), model.Input(ElementType.Float32, 4, 3)];
        model.Output(model.Node("FeatureVectorizer", inputs, ("inputdimensions", new[] { 2L, 3 }))).AssertAgrees();
    }
}
