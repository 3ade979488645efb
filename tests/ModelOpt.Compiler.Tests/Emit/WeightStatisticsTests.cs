using ModelOpt.Compiler.Emit;
using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Tests.Emit;

[TestClass]
public sealed class WeightStatisticsTests
{
    private const int Outputs = 32, Taps = 3, Inputs = 32;

    [TestMethod]
    public void Zeros_values_and_entropy_are_those_of_hand_made_weights()
    {
        // Two channels of four: ½ zeros, ¼ ones, ⅛ twos, ⅛ minus twos; −0 is zero.
        WeightStatistics s = WeightStatistics.Of([0, -0f, 1, 1, 0, 2, -2, 0], outputs: 2, inputs: 4, bits: 8);
        Assert.AreEqual((8, 4, 4, 3, 8), (s.Count, s.Zeros, s.Distinct, s.DistinctInChannel, s.Bits));
        Assert.AreEqual((0.5 * 1) + (0.25 * 2) + (2 * 0.125 * 3), s.Entropy, 1e-12);
        Assert.AreEqual("all zero", WeightStatistics.Of([0, 0], 1, 2, 8).PatternText);
        Assert.AreEqual("", WeightStatistics.Of([1, 2], 1, 2, 8).PatternText);
        Assert.AreEqual(0, WeightStatistics.Of([], 0, 0, 8).Entropy);
    }

    [TestMethod]
    [DataRow("2:4", "2:4")]
    [DataRow("1:4", "1:4")]
    [DataRow("3:4", "3:4")]
    [DataRow("4:8", "4:8")]
    [DataRow("1:2", "1:2")]
    [DataRow("1x4", "1x4")]
    [DataRow("4x1", "4x1")]
    [DataRow("4x4", "4x4")]
    [DataRow("1x16", "1x16")]
    [DataRow("16x1", "16x1")]
    [DataRow("1x1", "unstructured")]
    public void The_pattern_that_zeros_were_made_by_is_found(string pattern, string expected)
    {
        foreach (int seed in (int[])[1, 2, 3]) Assert.AreEqual(expected, Count(Sparse(pattern, seed)).PatternText);
    }

    [TestMethod]
    public void Weights_that_happen_to_be_zero_do_not_hide_a_pattern_and_are_told()
    {
        foreach (string pattern in (string[])["1x4", "4x4"])
        {
            float[] weight = Sparse(pattern, 5);
            var random = new Random(6);
            for (int i = 0; i < weight.Length; i++)
                if (random.NextDouble() < 0.03) weight[i] = 0;
            WeightStatistics s = Count(weight);
            StringAssert.StartsWith(s.PatternText, $"{pattern} (9");
            Assert.IsLessThan(1, s.PatternShare);
        }
    }

    [TestMethod]
    public void A_pattern_that_is_broken_is_not_claimed()
    {
        // One group with a third weight: 2:4 no longer holds.
        float[] weight = Sparse("2:4", 1);
        weight[Array.IndexOf(weight, 0)] = 1;
        Assert.AreEqual("unstructured", Count(weight).PatternText);
        // One input channel: there is no group of four, and no block that is wider.
        Assert.AreEqual("unstructured", WeightStatistics.Of([0, 1, 2, 0, 3, 0, 4, 5], 2, 1, 8).PatternText);
    }

    [TestMethod]
    public void Layouts_of_convolutions_and_matrices_are_told_apart()
    {
        // Zeros of 2 in each 4 input channels: [2, 4, 1, 2] of a convolution, whose taps come last.
        float[] conv = [1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 5, 6, 7, 8, 0, 0];
        var graph = new TestGraph();
        Value image = graph.Input("image", 1, 4, 4, 4);
        Value weight = graph.Constant(Tensor.Of<float>([2, 4, 1, 2], conv));
        graph.Output(graph.Add("Conv", image, weight));
        Assert.AreEqual("2:4", WeightStatistics.Of(graph.Build().Nodes[0])!.PatternText);

        // [inputs, outputs] of a MatMul: a column is an output channel.
        graph = new TestGraph();
        Value matrix = graph.Constant(Tensor.Of<float>([4, 2], [1, 0, 2, 3, 0, 4, 0, 0]));
        graph.Output(graph.Add("MatMul", graph.Input("rows", 1, 4), matrix));
        WeightStatistics s = WeightStatistics.Of(graph.Build().Nodes[0])!;
        Assert.AreEqual(("2:4", 5, 3), (s.PatternText, s.Distinct, s.DistinctInChannel));
    }

    [TestMethod]
    public void What_is_stored_as_integers_is_counted_as_such()
    {
        // 10 and 20 are the same integer on scales of 1 and 2.
        var graph = new TestGraph();
        Value weight = graph.Constant(Tensor.Of<float>([2, 2], [10, 0, 20, 0]));
        graph.Output(graph.Add("Gemm", [graph.Input("rows", 1, 2), weight], ("transB", 1)));
        Graph built = graph.Build();
        Assert.AreEqual((3, 32), Of(built));
        built.Nodes[0].Input(1).Quantization = new Quantization(ElementType.Int8, [1, 2], [0, 0], 0);
        Assert.AreEqual((2, 8), Of(built));

        static (int Distinct, int Bits) Of(Graph graph)
        {
            WeightStatistics s = WeightStatistics.Of(graph.Nodes[0])!;
            return (s.Distinct, s.Bits);
        }
    }

    private static WeightStatistics Count(float[] weight) => WeightStatistics.Of(weight, Outputs, Inputs, 8);

    /// <summary>[outputs, taps, inputs] with random zeros by a pattern's definition: N of each M kept, or half of the blocks.</summary>
    private static float[] Sparse(string pattern, int seed)
    {
        var random = new Random(seed);
        float[] weight = [.. Enumerable.Range(0, Outputs * Taps * Inputs).Select(_ => random.NextSingle() + 1)];
        if (pattern.Split(':') is [var n, var m])
        {
            int kept = int.Parse(n), size = int.Parse(m);
            for (int start = 0; start < weight.Length; start += size)
            {
                int[] order = [.. Enumerable.Range(0, size)];
                random.Shuffle(order);
                foreach (int i in order[kept..]) weight[start + i] = 0;
            }

            return weight;
        }

        int rows = int.Parse(pattern.Split('x')[0]), columns = int.Parse(pattern.Split('x')[1]);
        for (int o = 0; o < Outputs; o += rows)
        {
            for (int t = 0; t < Taps; t++)
            {
                for (int c = 0; c < Inputs; c += columns)
                {
                    if (random.Next(2) == 0) continue;
                    for (int r = 0; r < rows; r++)
                        for (int k = 0; k < columns; k++) weight[((((o + r) * Taps) + t) * Inputs) + c + k] = 0;
                }
            }
        }

        return weight;
    }
}
