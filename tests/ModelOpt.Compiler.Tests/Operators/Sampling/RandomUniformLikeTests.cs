namespace ModelOpt.Compiler.Tests.Operators.Sampling;

[TestClass]
internal sealed class RandomUniformLikeTests
{
    [TestMethod]
    public void Numbers_fill_their_range()
    {
        Node like = Node("RandomUniformLike", [Tensor.Zeros(ElementType.Float32, [8, 2000])], 1, ("low", 2f), ("high", 3f));
        like.AssertDistributed(2.5, Math.Sqrt(1 / 12.0));
        foreach ((string who, Tensor drawn) in like.All(fed: 1))
        {
            float[] numbers = drawn.Span<float>().ToArray();
            Assert.IsTrue(numbers.All(x => x is >= 2 and < 3), who);
            foreach (float quarter in (float[])[2, 2.25f, 2.5f, 2.75f])
                Assert.AreEqual(0.25, numbers.Count(x => x >= quarter && x < quarter + 0.25f) / 16000.0, 0.02, $"{who}, from {quarter}");
        }
    }
}
