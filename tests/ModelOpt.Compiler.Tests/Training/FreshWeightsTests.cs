using ModelOpt.Compiler.Training;

namespace ModelOpt.Compiler.Tests.Training;

[TestClass]
internal sealed class FreshWeightsTests
{
    [TestMethod]
    public void Weights_have_the_variance_that_their_inputs_ask_for_and_the_rest_does_nothing()
    {
        Graph graph = Draw(0);
        Node conv = graph.Nodes[0], grouped = graph.Nodes[1], norm = graph.Nodes[2], slope = graph.Nodes[3], gemm = graph.Nodes[^2],
            matMul = graph.Nodes[^1];
        Check(conv, 2.0 / (16 * 9));
        Check(grouped, 2.0 / (8 * 9));
        Check(gemm, 2.0 / 4000);
        Check(matMul, 2.0 / 500);
        CollectionAssert.AreEqual(new float[32], Floats(conv, 2));
        foreach ((int input, float expected) in new[] { (1, 1f), (2, 0f), (3, 0f), (4, 1f) })
            Assert.IsTrue(Floats(norm, input).All(x => x == expected), $"{input}");
        Assert.IsTrue(Floats(slope, 1).All(x => x == 0.25f));
        Assert.AreEqual(9f, Floats(graph.Nodes[4], 1).Single());
    }

    [TestMethod]
    public void A_seed_gives_the_same_weights_and_another_others()
    {
        CollectionAssert.AreEqual(Floats(Draw(3).Nodes[0], 1), Floats(Draw(3).Nodes[0], 1));
        CollectionAssert.AreNotEqual(Floats(Draw(3).Nodes[0], 1), Floats(Draw(4).Nodes[0], 1));
    }

    /// <summary>Mean, variance and kurtosis of a normal distribution, each within five times its standard error.</summary>
    private static void Check(Node node, double variance)
    {
        float[] weights = Floats(node, 1);
        double n = weights.Length, mean = weights.Average(), spread = weights.Average(w => (double)w * w);
        Assert.AreEqual(0, mean, 5 * Math.Sqrt(variance / n));
        Assert.AreEqual(1, spread / variance, 5 * Math.Sqrt(2 / n));
        Assert.AreEqual(3, weights.Average(w => Math.Pow(w, 4)) / (spread * spread), 5 * Math.Sqrt(24 / n));
    }

    private static float[] Floats(Node node, int input) => node.Input(input).Constant!.Span<float>().ToArray();

    private static Graph Draw(int seed)
    {
        var g = new TestGraph();
        Value y = g.Add("Conv", [g.Input("x", -1, 16, 12, 12), g.Random(1, 32, 16, 3, 3), g.Random(2, 32)]);
        y = g.Add("Conv", [y, g.Random(3, 40, 8, 3, 3)], ("group", 4));
        y = g.Add("BatchNormalization", y, g.Random(4, 40), g.Random(5, 40), g.Random(6, 40), g.Floats([.. Enumerable.Repeat(2f, 40)]));
        y = g.Add("PRelu", y, g.Random(7, 40, 1, 1));
        y = g.Add("Mul", y, g.Floats(9));
        y = g.Add("Flatten", y);
        y = g.Add("Gemm", [y, g.Random(8, 500, 40 * 64)], ("transB", 1));
        y = g.Add("Concat", [y, y], ("axis", 1));
        y = g.Add("Gemm", [g.Add("Concat", [y, y, y, y], ("axis", 1)), g.Random(9, 4000, 500)], ("transB", 0));
        g.Output(g.Add("MatMul", y, g.Random(10, 500, 30)));
        Graph graph = g.Build();
        FreshWeights.Draw(graph, seed);
        return graph;
    }
}
