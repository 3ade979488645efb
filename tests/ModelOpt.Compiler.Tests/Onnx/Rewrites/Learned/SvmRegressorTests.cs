namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Learned;

[TestClass]
internal sealed class SvmRegressorTests
{
    [TestMethod]
    [DataRow("LINEAR", 0)]
    [DataRow("POLY", 0)]
    [DataRow("RBF", 0)]
    [DataRow("SIGMOID", 0)]
    [DataRow("RBF", 1)]
    public void Results_agree_with_ONNX_Runtime(string kernel, int oneClass) => new LearnedModel("SVMRegressor", 2, 1,
        [("kernel_type", kernel), ("kernel_params", new[] { 0.5f, 1, 2 }), ("n_supports", 3L), ("rho", new[] { 0.25f }),
            ("support_vectors", new[] { 1, 0.5f, -1, 2, 0.25f, -0.5f }), ("coefficients", new[] { 1, -0.5f, 2 }),
            ("one_class", (long)oneClass)]).AssertAgrees();

    [TestMethod]
    public void Without_support_vectors_it_is_linear() => new LearnedModel("SVMRegressor", 3, 1,
        [("kernel_type", "LINEAR"), ("kernel_params", new[] { 0f, 0, 3 }),
            ("coefficients", new[] { 1, -0.5f, 2 }), ("rho", new[] { 0.25f })]).AssertAgrees();
}
