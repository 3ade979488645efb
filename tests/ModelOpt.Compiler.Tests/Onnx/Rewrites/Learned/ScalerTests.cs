namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Learned;

[TestClass]
internal sealed class ScalerTests
{
    [TestMethod]
    public void Results_agree_with_ONNX_Runtime()
    {
        new LearnedModel("Scaler", 3, 1, [("offset", new[] { 0.5f, 1, -1 }), ("scale", new[] { 2f, 3, 0.1f })]).AssertAgrees();
        new LearnedModel("Scaler", 3, 1, [("offset", new[] { 0.5f }), ("scale", new[] { 2f })], ElementType.Int64).AssertAgrees();
    }
}
