namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Learned;

[TestClass]
internal sealed class LabelEncoderTests
{
    [TestMethod]
    public void Results_agree_with_ONNX_Runtime()
    {
        new LearnedModel("LabelEncoder", 3, 1,
            [("keys_int64s", new[] { 0L, 1, -2 }), ("values_floats", new[] { 0.5f, 7, 9 }), ("default_float", 3f)], ElementType.Int64)
            .AssertAgrees();
        new LearnedModel("LabelEncoder", 3, 1,
            [("keys_floats", new[] { 0f, 0.5f, float.NaN }), ("values_int64s", new[] { 4L, 5, 6 }), ("default_int64", 8L)],
            output: ElementType.Int64, learned: 4).AssertAgrees(missing: 0.3);
        new LearnedModel("LabelEncoder", 3, 1, [("keys_int64s", new[] { 0L }), ("values_int64s", new[] { 4L })], ElementType.Int64,
            ElementType.Int64).AssertAgrees();
    }
}
