using ModelOpt.Compiler.Onnx;

namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Learned;

[TestClass]
internal sealed class TreeEnsembleRegressorTests
{
    private static readonly string[] All =
        ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"];

    [TestMethod]
    [DataRow("BRANCH_LEQ")]
    [DataRow("BRANCH_LT")]
    [DataRow("BRANCH_GTE")]
    [DataRow("BRANCH_GT")]
    [DataRow("BRANCH_EQ")]
    [DataRow("BRANCH_NEQ")]
    [DataRow("")]
    public void Sums_of_trees_agree_with_ONNX_Runtime(string mode)
    {
        RandomTrees trees = new RandomTrees(1, "target", 4, mode.Length > 0 ? [mode] : All).Add(7, 5, -1, 1, 0);
        new LearnedModel("TreeEnsembleRegressor", 4, 1, trees.Attributes(("n_targets", 1L), ("base_values", new[] { 0.5f })))
            .AssertAgrees();
    }

    [TestMethod]
    public void Missing_numbers_go_where_a_branch_says()
    {
        RandomTrees trees = new RandomTrees(2, "target", 4, "BRANCH_LEQ", "BRANCH_LT").Add(7, 5, -1, 1, 0);
        new LearnedModel("TreeEnsembleRegressor", 4, 1, trees.Attributes(("n_targets", 1L))).AssertAgrees(missing: 0.4);
    }

    [TestMethod]
    [DataRow("SUM", "NONE")]
    [DataRow("AVERAGE", "SOFTMAX")]
    [DataRow("MIN", "NONE")]
    [DataRow("MAX", "LOGISTIC")]
    public void Several_targets_agree_with_ONNX_Runtime(string function, string transform)
    {
        RandomTrees trees = new RandomTrees(3, "target", 3, "BRANCH_LEQ").Add(5, 4, -1, 1, 0, 1, 2);
        new LearnedModel("TreeEnsembleRegressor", 3, 1, trees.Attributes(
            ("n_targets", 3L), ("aggregate_function", function), ("post_transform", transform))).AssertAgrees();
    }

    [TestMethod]
    public void A_stump_and_a_single_leaf_are_trees()
    {
        RandomTrees trees = new RandomTrees(4, "target", 2, "BRANCH_LEQ").Add(1, 0, 1, 2, 0).Add(1, 1, 1, 2, 0).Add(1, 6, 1, 2, 0);
        new LearnedModel("TreeEnsembleRegressor", 2, 1, trees.Attributes(("n_targets", 1L))).AssertAgrees();
        RandomTrees leaf = new RandomTrees(4, "target", 2, "BRANCH_LEQ").Add(2, 0, 1, 2, 0);
        new LearnedModel("TreeEnsembleRegressor", 2, 1, leaf.Attributes(("n_targets", 1L))).AssertAgrees();
    }

    [TestMethod]
    public void Trees_that_are_none_are_refused()
    {
        (string Name, object Value)[] circle = Small(("n_targets", 1L));
        ((long[])circle.Single(a => a.Name == "nodes_truenodeids").Value)[1] = 1;
        Refuses("one root", circle);
        (string Name, object Value)[] lost = Small(("n_targets", 1L));
        ((long[])lost.Single(a => a.Name == "nodes_truenodeids").Value)[0] = 99;
        Refuses("does not have", lost);
        Refuses("PROBIT", Small(("n_targets", 2L), ("post_transform", "PROBIT")));

        static (string Name, object Value)[] Small(params (string Name, object Value)[] more) =>
            new RandomTrees(6, "target", 4, "BRANCH_LEQ").Add(1, 2, -1, 1, 0).Attributes(more);

        static void Refuses(string text, (string Name, object Value)[] attributes) => StringAssert.Contains(
            Assert.ThrowsExactly<CompilationException>(
                () => OnnxReader.Read(new LearnedModel("TreeEnsembleRegressor", 4, 1, attributes).Bytes)).Message, text);
    }
}
