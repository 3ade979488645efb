namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Learned;

[TestClass]
internal sealed class ImputerTests
{
    [TestMethod]
    public void Results_agree_with_ONNX_Runtime()
    {
        new LearnedModel("Imputer", 3, 1, [("imputed_value_floats", new[] { 7f, 8, 9 }), ("replaced_value_float", float.NaN)])
            .AssertAgrees(missing: 0.5);
        new LearnedModel("Imputer", 3, 1, [("imputed_value_floats", new[] { 7f }), ("replaced_value_float", 0.5f)]).AssertAgrees();
        new LearnedModel("Imputer", 3, 1, [("imputed_value_int64s", new[] { 7L }), ("replaced_value_int64", 1L)], ElementType.Int64,
            ElementType.Int64).AssertAgrees();
    }
}
