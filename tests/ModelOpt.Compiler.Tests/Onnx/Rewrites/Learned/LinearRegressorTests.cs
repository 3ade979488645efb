namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Learned;

[TestClass]
internal sealed class LinearRegressorTests
{
    [TestMethod]
    public void Results_agree_with_ONNX_Runtime()
    {
        float[] coefficients = [1, -2, 0.5f, 0.25f, 3, -1];
        new LearnedModel("LinearRegressor", 6, 1, [("coefficients", coefficients), ("intercepts", new[] { 0.5f })]).AssertAgrees();
        new LearnedModel("LinearRegressor", 3, 1,
            [("coefficients", coefficients), ("intercepts", new[] { 0.5f, -1 }), ("targets", 2L), ("post_transform", "LOGISTIC")])
            .AssertAgrees();
        new LearnedModel("LinearRegressor", 3, 1, [("coefficients", coefficients), ("targets", 2L)]).AssertAgrees();
    }
}
