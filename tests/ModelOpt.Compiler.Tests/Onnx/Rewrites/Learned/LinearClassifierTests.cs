namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Learned;

[TestClass]
internal sealed class LinearClassifierTests
{
    private static readonly float[] Coefficients = [1, -2, 0.5f, 0.25f, 3, -1];

    [TestMethod]
    [DataRow("NONE")]
    [DataRow("SOFTMAX")]
    [DataRow("LOGISTIC")]
    public void Several_scores_agree_with_ONNX_Runtime(string transform) => new LearnedModel("LinearClassifier", 2, 2,
        [("coefficients", Coefficients), ("intercepts", new[] { 0.5f, -1, 0 }), ("classlabels_ints", new[] { 3L, 4, 9 }),
            ("post_transform", transform)]).AssertAgrees();

    [TestMethod]
    [DataRow("NONE")]
    [DataRow("LOGISTIC")]
    [DataRow("SOFTMAX")]
    public void One_score_of_two_classes_agrees_with_ONNX_Runtime(string transform) => new LearnedModel("LinearClassifier", 6, 2,
        [("coefficients", Coefficients), ("intercepts", new[] { 0.5f }), ("classlabels_ints", new[] { 0L, 1 }),
            ("post_transform", transform)]).AssertAgrees();
}
