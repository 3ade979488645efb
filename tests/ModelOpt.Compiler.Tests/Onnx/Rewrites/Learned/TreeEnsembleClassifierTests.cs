using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Onnx;

namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Learned;

[TestClass]
internal sealed class TreeEnsembleClassifierTests
{
    [TestMethod]
    [DataRow("NONE", false)]
    [DataRow("SOFTMAX", false)]
    [DataRow("LOGISTIC", true)]
    public void Several_classes_agree_with_ONNX_Runtime(string transform, bool hasBase)
    {
        RandomTrees trees = new RandomTrees(1, "class", 4, "BRANCH_LEQ").Add(6, 4, -1, 1, 0, 1, 2);
        (string, object)[] bases = hasBase ? [("base_values", new[] { 0.5f, 0, -0.25f })] : [];
        new LearnedModel("TreeEnsembleClassifier", 4, 2, trees.Attributes(
            [("classlabels_int64s", new[] { 5L, 0, 7 }), ("post_transform", transform), .. bases])).AssertAgrees();
    }

    /// <summary>As a random forest of scikit-learn: the share of the second class.</summary>
    [TestMethod]
    [DataRow(0, 0.2f, "NONE")]
    [DataRow(-1, 1, "NONE")]
    [DataRow(-1, 1, "LOGISTIC")]
    [DataRow(-1, 1, "SOFTMAX")]
    public void Two_classes_by_weights_of_one_agree_with_ONNX_Runtime(float low, float high, string transform)
    {
        foreach (long named in new[] { 0L, 1 })
        {
            RandomTrees trees = new RandomTrees(2, "class", 4, "BRANCH_LEQ").Add(5, 4, low, high, named);
            new LearnedModel("TreeEnsembleClassifier", 4, 2, trees.Attributes(
                ("classlabels_int64s", new[] { 0L, 1 }), ("post_transform", transform))).AssertAgrees();
        }
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    public void Base_values_of_two_classes_agree_with_ONNX_Runtime(int count)
    {
        RandomTrees trees = new RandomTrees(3, "class", 4, "BRANCH_LT").Add(5, 4, -1, 1, 0);
        new LearnedModel("TreeEnsembleClassifier", 4, 2, trees.Attributes(
            ("classlabels_int64s", new[] { 0L, 1 }), ("base_values", new[] { 0.25f, 0.5f }[..count]), ("post_transform", "LOGISTIC")))
            .AssertAgrees();
    }

    [TestMethod]
    public void Two_classes_by_weights_of_both_agree_with_ONNX_Runtime()
    {
        RandomTrees trees = new RandomTrees(4, "class", 4, "BRANCH_LEQ").Add(5, 4, -1, 1, 0, 1);
        new LearnedModel("TreeEnsembleClassifier", 4, 2, trees.Attributes(("classlabels_int64s", new[] { 0L, 1 }))).AssertAgrees();
    }

    [TestMethod]
    public void Features_that_are_integers_agree_with_ONNX_Runtime()
    {
        RandomTrees trees = new RandomTrees(6, "class", 4, "BRANCH_LEQ").Add(5, 4, -1, 1, 0, 1, 2);
        new LearnedModel("TreeEnsembleClassifier", 4, 2, trees.Attributes(("classlabels_int64s", new[] { 0L, 1, 2 })), ElementType.Int64)
            .AssertAgrees();
    }

    [TestMethod]
    public void Labels_that_are_text_become_positions_and_a_remark_says_so()
    {
        RandomTrees trees = new RandomTrees(5, "class", 4, "BRANCH_LEQ").Add(6, 4, -1, 1, 0, 1, 2);
        LearnedModel text = new("TreeEnsembleClassifier", 4, 2, trees.Attributes(("classlabels_strings", new[] { "ant", "bee", "cow" })));
        LearnedModel numbers = new("TreeEnsembleClassifier", 4, 2, trees.Attributes(("classlabels_int64s", new[] { 0L, 1, 2 })));
        text.Proto.Graph.Output[0].Type.TensorType.ElemType = (int)ElementType.String;
        Graph graph = OnnxReader.Read(text.Bytes);
        Diagnostic remark = graph.Remarks.Single();
        Assert.AreEqual("MOPT1013", remark.Descriptor.Code);
        StringAssert.Contains(remark.Message, "0 is 'ant', 1 is 'bee', 2 is 'cow'");
        ShapeInference.Run(graph);
        Tensor x = text.Rows(6);
        GraphTesting.AssertClose(
            Peers.OnnxRuntime.Run(numbers.Bytes, new Dictionary<string, Tensor> { ["x"] = x }), new Interpreter(graph).Run(x));
    }
}
