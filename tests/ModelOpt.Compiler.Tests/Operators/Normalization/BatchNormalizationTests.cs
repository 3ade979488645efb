using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.Normalization;

[TestClass]
internal sealed class BatchNormalizationTests
{
    [TestMethod]
    public void Normalized_batches_agree_with_peers()
    {
        var random = new Random(4);
        foreach (int[] dims in new int[][] { [3, 5], [2, 4, 6], [2, 3, 4, 5] })
        {
            int c = dims[1];
            Node(
                "BatchNormalization",
                [Signed(random, dims), Signed(random, c), Signed(random, c), Signed(random, c), Random(random, ElementType.Float32, c)],
                1, ("epsilon", 1e-3f)).AssertAgreesWithPeers();
        }
    }

    [TestMethod]
    public void Training_and_misfits_are_diagnosed()
    {
        Tensor four = Random(new Random(1), ElementType.Float32, 4);
        object?[] Inputs(Value x) => [x, four, four, four, four];
        Assert.AreEqual(new Shape(N, 4, 9), Node("BatchNormalization", Inputs(Floats(N, 4, 9))).Infer().Shape);
        Assert.AreEqual("MOPT2006", Node("BatchNormalization", Inputs(Floats(N, 4, 9)), 1, ("training_mode", 1L)).InferError());
        Assert.AreEqual("MOPT2006", Node("BatchNormalization", Inputs(Floats(N, 4, 9)), 3).InferError());
        Assert.AreEqual("MOPT2004", Node("BatchNormalization", Inputs(Floats(N, 5, 9))).InferError());
    }

    [TestMethod]
    public void Parameters_that_are_computed_agree_with_peers()
    {
        var random = new Random(8);
        foreach (int[] dims in (int[][])[[2, 3], [2, 3, 4], [1, 3, 4, 2]])
        {
            Tensor variance = Tensor.Vector(0.5f, 1, 2);
            Node("BatchNormalization", [Signed(random, dims), Signed(random, 3), Signed(random, 3), Signed(random, 3), variance])
                .AssertAgreesWithPeers(5);
        }
    }
}
