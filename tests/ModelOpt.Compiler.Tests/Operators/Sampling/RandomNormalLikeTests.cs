namespace ModelOpt.Compiler.Tests.Operators.Sampling;

[TestClass]
internal sealed class RandomNormalLikeTests
{
    [TestMethod]
    public void Numbers_have_their_mean_and_deviation()
    {
        Node("RandomNormalLike", [Tensor.Zeros(ElementType.Float32, [100, 100])], 1, ("mean", 7f), ("seed", 1f)).AssertDistributed(7, 1);
        Node("RandomNormalLike", [Tensor.Zeros(ElementType.Int32, [9999])], 1, ("dtype", 1L)).AssertDistributed(0, 1);
    }
}
