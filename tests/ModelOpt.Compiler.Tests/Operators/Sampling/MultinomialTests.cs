namespace ModelOpt.Compiler.Tests.Operators.Sampling;

[TestClass]
internal sealed class MultinomialTests
{
    private const int Samples = 20000;

    [TestMethod]
    public void Classes_are_as_frequent_as_their_logits_say()
    {
        float[][] shares = [[0.1f, 0.2f, 0.7f, 0], [0.25f, 0.25f, 0.25f, 0.25f]];
        Tensor logits = Tensor.Of<float>([2, 4], [.. shares.SelectMany(r => r.Select(s => 3 + (s == 0 ? -80 : MathF.Log(s))))]);
        foreach (long type in (long[])[6, 7])
        {
            Node node = Node("Multinomial", [logits], 1, ("sample_size", (long)Samples), ("seed", 2f), ("dtype", type));
            foreach ((string who, Tensor drawn) in node.All(fed: 1))
            {
                long[] classes = Casting.To(drawn, ElementType.Int64).Span<long>().ToArray();
                for (int row = 0; row < 2; row++)
                {
                    for (int k = 0; k < 4; k++)
                    {
                        double share = classes.Skip(row * Samples).Take(Samples).Count(c => c == k) / (double)Samples;
                        double most = 5 * Math.Sqrt(shares[row][k] * (1 - shares[row][k]) / Samples);
                        Assert.IsLessThanOrEqualTo(most, Math.Abs(share - shares[row][k]), $"{who}: row {row}, class {k}: {share}");
                    }
                }
            }
        }
    }

    [TestMethod]
    public void A_class_without_a_share_is_never_drawn()
    {
        Tensor logits = Tensor.Of<float>([2, 3], [float.NegativeInfinity, 2, float.NegativeInfinity, 1, float.NegativeInfinity, 0]);
        foreach ((string who, Tensor drawn) in Node("Multinomial", [logits], 1, ("sample_size", 50L)).All(fed: 1))
        {
            int[] classes = drawn.Span<int>().ToArray();
            Assert.IsTrue(classes[..50].All(k => k == 1), who);
            CollectionAssert.AreEquivalent((int[])[0, 2], classes[50..].Distinct().ToArray(), who);
        }
    }

    [TestMethod]
    public void An_open_batch_stays_open()
    {
        Value y = Node("Multinomial", [Floats(N, 5)], 1, ("sample_size", 2L)).Infer();
        Assert.AreEqual((ElementType.Int32, new Shape(N, 2)), (y.Type, y.Shape));
        Assert.AreEqual("MOPT2004", Node("Multinomial", [Floats(5)]).InferError());
        Assert.AreEqual("MOPT2002", Node("Multinomial", [Floats(N, 5)], 1, ("dtype", 1L)).InferError());
        Assert.AreEqual("MOPT2002", Node("Multinomial", [Floats(N, 5)], 1, ("sample_size", -1L)).InferError());
    }
}
