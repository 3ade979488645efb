namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Learned;

[TestClass]
internal sealed class NormalizerTests
{
    [TestMethod]
    [DataRow("MAX")]
    [DataRow("L1")]
    [DataRow("L2")]
    public void Results_agree_with_ONNX_Runtime(string norm)
    {
        new LearnedModel("Normalizer", 3, 1, [("norm", norm)]).AssertAgrees();
        // Rows of one number are zero sometimes.
        new LearnedModel("Normalizer", 1, 1, [("norm", norm)]).AssertAgrees();
    }
}
