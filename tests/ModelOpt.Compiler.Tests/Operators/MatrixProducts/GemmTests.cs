using ModelOpt.Compiler.Interpretation;
using static ModelOpt.Compiler.Tests.Operators.WindowCases;

namespace ModelOpt.Compiler.Tests.Operators.MatrixProducts;

[TestClass]
internal sealed class GemmTests
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
                [Signed(random, transA ? [k, m] : [m, k]), Signed(random, transB ? [n, k] : [k, n]),
                    .. c is null ? Array.Empty<object>() : [c]];
            Node(
                "Gemm", inputs, 1,
                ("transA", transA ? 1L : 0L), ("transB", transB ? 1L : 0L),
                ("alpha", random.Next(2) == 0 ? 1f : 0.75f), ("beta", random.Next(2) == 0 ? 1f : -1.5f))
                .AssertAgreesWithPeers(fed: random.Next(1, 3));
        }
    }

    [TestMethod]
    public void Doubles_are_multiplied()
    {
        var random = new Random(2);
        Tensor a = Random(random, ElementType.Float64, 3, 4), b = Random(random, ElementType.Float64, 4, 5);
        Tensor expected = Node("Gemm", [a, b]).RunPeer()[0], actual = Node("Gemm", [a, b]).Run()[0];
        for (int i = 0; i < expected.Count; i++) Assert.AreEqual(expected.Span<double>()[i], actual.Span<double>()[i], 1e-12);
    }

    [TestMethod]
    [DataRow(1f, 1f, false)]
    [DataRow(0.5f, 1f, false)]
    [DataRow(1f, -2f, true)]
    public void An_activation_is_part_of_the_last_step(float alpha, float beta, bool perRow)
    {
        var graph = new TestGraph();
        Value c = perRow ? graph.Random(2, 3, 5) : graph.Random(2, 5);
        Value y = graph.Add("Gemm", [graph.Input("x", 3, 4), graph.Random(1, 4, 5), c], ("alpha", alpha), ("beta", beta));
        graph.Output(graph.Add("Relu", y));
        Graph built = graph.Build();
        Tensor x = Signed(new Random(3), 3, 4);
        float[] expected = new Interpreter(built).Run(x)[0].Span<float>().ToArray();
        float[] actual = TfliteRunner.Run(Lowering.Write(built), x)[0].Span<float>().ToArray();
        Assert.Contains(0, actual);
        for (int i = 0; i < actual.Length; i++) Assert.AreEqual(expected[i], actual[i], 1e-5f);
    }

    [TestMethod]
    public void Misfits_are_diagnosed()
    {
        Tensor w = Signed(new Random(1), 4, 5);
        Assert.AreEqual(new Shape(N, 5), Node("Gemm", [Floats(N, 4), w]).Infer().Shape);
        Assert.AreEqual("MOPT2004", Node("Gemm", [Floats(N, 5), w]).InferError());
        Assert.AreEqual("MOPT2004", Node("Gemm", [Floats(N, 4, 1), w]).InferError());
        Assert.AreEqual("MOPT2004", Node("Gemm", [Floats(N, 4), w, Floats(5, 3)]).InferError());
        Assert.AreEqual("MOPT2004", Node("Gemm", [Floats(N, 4), w, Signed(new Random(1), 4)]).InferError());
        Assert.AreEqual("MOPT2005", Node("Gemm", [Floats(N, 4), Random(new Random(1), ElementType.Float64, 4, 5)]).InferError());
    }
}
