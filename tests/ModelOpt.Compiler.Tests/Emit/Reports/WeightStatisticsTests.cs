using ModelOpt.Compiler.Emit.Reports;

namespace ModelOpt.Compiler.Tests.Emit.Reports;

[TestClass]
internal sealed class WeightStatisticsTests
{
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
    public void Layouts_of_convolutions_and_matrices_are_told_apart()
    {
        var random = new Random(1);
        // 2 zeros in each 4 input channels: [outputs, 4, 1, 2] of a convolution, whose taps come last.
        const int outputs = 48;
        float[] conv = new float[outputs * 4 * 2], matrix = new float[4 * outputs];
        for (int o = 0; o < outputs; o++)
        {
            foreach ((int i, float w) in TwoOfFour()) conv[(o * 8) + (i * 2)] = w;
            foreach ((int i, float w) in TwoOfFour()) conv[(o * 8) + (i * 2) + 1] = w;
            // [inputs, outputs] of a MatMul: a column is an output channel.
            foreach ((int i, float w) in TwoOfFour()) matrix[(i * outputs) + o] = w;
        }

        var graph = new TestGraph();
        graph.Output(graph.Add("Conv", graph.Input("image", 1, 4, 4, 4), graph.Constant(Tensor.Of<float>([outputs, 4, 1, 2], conv))));
        WeightStatistics s = WeightStatistics.Of(graph.Build().Nodes[0])!;
        Assert.AreEqual(("2:4", 5, 5), (s.PatternText, s.Distinct, s.DistinctInChannel));

        graph = new TestGraph();
        graph.Output(graph.Add("MatMul", graph.Input("rows", 1, 4), graph.Constant(Tensor.Of<float>([4, outputs], matrix))));
        s = WeightStatistics.Of(graph.Build().Nodes[0])!;
        Assert.AreEqual(("2:4", 5, 3), (s.PatternText, s.Distinct, s.DistinctInChannel));

        IEnumerable<(int Input, float Weight)> TwoOfFour()
        {
            int[] order = [0, 1, 2, 3];
            random.Shuffle(order);
            return order[..2].Select(i => (i, 1f + i));
        }
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
}
