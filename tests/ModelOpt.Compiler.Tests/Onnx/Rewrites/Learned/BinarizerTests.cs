namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Learned;

[TestClass]
internal sealed class BinarizerTests
{
    [TestMethod]
    public void Results_agree_with_ONNX_Runtime() => new LearnedModel("Binarizer", 3, 1, [("threshold", 0.5f)]).AssertAgrees();
}
