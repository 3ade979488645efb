using ModelOpt.Compiler.Onnx;

namespace ModelOpt.Compiler.Tests.Operators;

/// <summary>
/// Sums that lie half way between two steps of the result, up to float rounding: one step off there spreads through a deep
/// network, so they must fall as in ONNX Runtime.
/// </summary>
[TestClass]
internal sealed class Int8AddTieTests
{
    [TestMethod]
    [DataRow(1, 1, 6)]
    [DataRow(3, 1, 14)]
    [DataRow(5, 7, 22)]
    [DataRow(10, 3, 26)]
    public void Every_pair_of_values_falls_as_in_onnx_runtime(int left, int right, int output)
    {
        foreach (float step in new[] { 0.0047817f, 0.028691178f, 0.3f })
        {
            foreach ((int a, int b, int c) in new[] { (5, -8, 5), (-128, 17, -100), (0, 3, -1) })
            {
                var g = new TestGraph();
                Value x = g.Input("x", 1, 1 << 16), y = g.Input("y", 1, 1 << 16);
                Value z = g.Output(g.Add("Add", x, y));
                Graph graph = g.Build();
                x.Quantization = Quantization.PerTensor(ElementType.Int8, left * step, a);
                y.Quantization = Quantization.PerTensor(ElementType.Int8, right * step, b);
                z.Quantization = Quantization.PerTensor(ElementType.Int8, output * step, c);
                Tensor[] inputs = [Grid(x.Quantization, i => i >> 8), Grid(y.Quantization, i => i & 255)];

                Tensor ours = TfliteRunner.Run(Lowering.Write(graph), inputs)[0];
                Tensor theirs = GraphTesting.RunPeer(
                    OnnxWriter.Write(graph), new Dictionary<string, Tensor> { ["x"] = inputs[0], ["y"] = inputs[1] })[0];

                Assert.IsTrue(ours.Span<float>().SequenceEqual(theirs.Span<float>()), $"step {step}, zero points {a}, {b}, {c}");
            }
        }
    }

    private static Tensor Grid(Quantization grid, Func<int, int> indexOf) => Tensor.Of<float>(
        [1, 1 << 16], [.. Enumerable.Range(0, 1 << 16).Select(i => (indexOf(i) - 128 - grid.ZeroPoint) * grid.Scale)]);
}
