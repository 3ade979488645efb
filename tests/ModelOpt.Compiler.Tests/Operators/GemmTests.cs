using ModelOpt.Compiler.Graphs;
using static ModelOpt.Compiler.Tests.Operators.OperatorTesting;
using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators;

[TestClass]
public sealed class GemmTests
{
    [TestMethod]
    public void Random_products_agree_with_peers()
    {
        var random = new Random(9);
        for (int i = 0; i < 60; i++)
        {
            int m = random.Next(1, 6), n = random.Next(1, 9), k = random.Next(1, 20);
            bool transA = random.Next(3) == 0, transB = random.Next(2) == 0;
            int[][] biases = [[], [1], [n], [1, n], [m, 1], [m, n]];
            object? c = random.Next(4) == 0 ? null : Signed(random, biases[random.Next(biases.Length)]);
            object?[] inputs =
                [Signed(random, transA ? [k, m] : [m, k]), Signed(random, transB ? [n, k] : [k, n]), .. c is null ? Array.Empty<object>() : [c]];
            Node(
                "Gemm", inputs, 1,
                ("transA", transA ? 1L : 0L), ("transB", transB ? 1L : 0L),
                ("alpha", random.Next(2) == 0 ? 1f : 0.75f), ("beta", random.Next(2) == 0 ? 1f : -1.5f))
                .AssertAgreesWithPeers(fed: random.Next(1, 3));
        }
    }

    [TestMethod]
    public void Integers_are_multiplied()
    {
        var random = new Random(2);
        foreach (ElementType type in new[] { ElementType.Float64 })
        {
            Tensor a = Random(random, type, 3, 4), b = Random(random, type, 4, 5);
            Tensor expected = Node("Gemm", [a, b]).RunPeer()[0], actual = Node("Gemm", [a, b]).Run()[0];
            for (int i = 0; i < expected.Count; i++) Assert.AreEqual(expected.Span<double>()[i], actual.Span<double>()[i], 1e-12);
        }
    }

    [TestMethod]
    public void Misfits_are_diagnosed()
    {
        Tensor w = Signed(new Random(1), 4, 5);
        Assert.AreEqual(new Shape(N, 5), Node("Gemm", [Floats(N, 4), w]).Infer().Shape);
        Assert.AreEqual("MOPT2004", Node("Gemm", [Floats(N, 5), w]).InferError());
        Assert.AreEqual("MOPT2004", Node("Gemm", [Floats(N, 4, 1), w]).InferError());
        Assert.AreEqual("MOPT2004", Node("Gemm", [Floats(N, 4), w, Signed(new Random(1), 4)]).InferError());
        Assert.AreEqual("MOPT2005", Node("Gemm", [Floats(N, 4), Random(new Random(1), ElementType.Float64, 4, 5)]).InferError());
    }
}
