using ModelOpt.Compiler.Onnx;

namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Learned;

[TestClass]
internal sealed class OneHotEncoderTests
{
    [TestMethod]
    public void Results_agree_with_ONNX_Runtime() => new LearnedModel(
        "OneHotEncoder", 3, 1, [("cats_int64s", new[] { 0L, 1, -1 }), ("zeros", 1L)], ElementType.Int64).AssertAgrees();

    [TestMethod]
    public void Text_is_refused() => StringAssert.Contains(
        Assert.ThrowsExactly<CompilationException>(() => OnnxReader.Read(
            new LearnedModel("OneHotEncoder", 3, 1, [("cats_strings", new[] { "a" })]).Bytes)).Message, "'cats_strings' is text");
}
