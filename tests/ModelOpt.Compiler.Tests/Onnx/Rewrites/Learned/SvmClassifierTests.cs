namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Learned;

[TestClass]
internal sealed class SvmClassifierTests
{
    private static readonly float[] Vectors = [1, 0.5f, -1, 2, 0.25f, -0.5f, -1.5f, 0.75f];

    [TestMethod]
    [DataRow("RBF")]
    [DataRow("LINEAR")]
    public void Pairs_of_three_classes_agree_with_ONNX_Runtime(string kernel) => new LearnedModel("SVMClassifier", 2, 2,
        [("kernel_type", kernel), ("kernel_params", new[] { 0.5f, 1, 2 }), ("vectors_per_class", new[] { 1L, 2, 1 }),
            ("support_vectors", Vectors), ("coefficients", new[] { 1, -0.5f, 2, -1, 0.5f, 1, -2, 0.25f }),
            ("rho", new[] { 0.25f, -0.5f, 0.1f }), ("classlabels_ints", new[] { 4L, 6, 8 })]).AssertAgrees();

    [TestMethod]
    [DataRow("NONE", false)]
    [DataRow("LOGISTIC", false)]
    [DataRow("SOFTMAX", false)]
    [DataRow("NONE", true)]
    public void Two_classes_agree_with_ONNX_Runtime(string transform, bool hasShares)
    {
        // ONNX Runtime iterates to probabilities, until what is left of an error is below 0.005 over the number of classes.
        (string, object)[] shares = hasShares ? [("prob_a", new[] { -1.5f }), ("prob_b", new[] { 0.25f })] : [];
        new LearnedModel("SVMClassifier", 2, 2,
            [("kernel_type", "RBF"), ("kernel_params", new[] { 0.5f, 1, 2 }), ("vectors_per_class", new[] { 2L, 2 }),
                ("support_vectors", Vectors), ("coefficients", new[] { 1, 0.5f, -2, -1 }), ("rho", new[] { 0.25f }),
                ("classlabels_ints", new[] { 0L, 1 }), ("post_transform", transform), .. shares])
            .AssertAgrees(tolerance: hasShares ? 5e-3f : 1e-5f);
    }

    [TestMethod]
    public void Linear_scores_agree_with_ONNX_Runtime()
    {
        foreach (int classes in new[] { 2, 4 })
        {
            new LearnedModel("SVMClassifier", 8 / classes, 2,
                [("kernel_type", "LINEAR"), ("kernel_params", new[] { 0f, 0, 3 }), ("coefficients", Vectors), ("rho", new[] { 0.25f }),
                    ("classlabels_ints", new[] { 0L, 1, 2, 3 }[..classes])]).AssertAgrees();
        }
    }
}
