using System.Runtime.InteropServices;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Simplify;
using ModelOpt.Compiler.Techniques.Quantize;
using ModelOpt.Compiler.Tests.Data;

namespace ModelOpt.Compiler.Tests.Techniques.Quantize;

/// <summary>Filters of differences of smooth inputs, where rounding weights by themselves leaves a sum that is not zero.</summary>
[TestClass]
internal sealed class CompensatedRoundingTests
{
    [TestMethod]
    public void Weights_make_up_for_each_other_on_inputs_that_vary_together()
    {
        using TempFolder folder = new();
        double nearest = Loss(folder, WeightRounding.Nearest, out PassResult plain);
        double compensated = Loss(folder, null, out PassResult pass);
        Assert.IsGreaterThan(CompensatedRounding.SmallLoss, nearest, "the graph is no hard case");
        Assert.IsLessThan(nearest / 3, compensated);
        Assert.IsEmpty(plain.Notes);
        StringAssert.StartsWith(pass.Notes.Single().Text, "rounding: a loss of");
    }

    [TestMethod]
    public void Where_the_nearest_integers_cost_little_they_stay()
    {
        Graph graph = QuantizeTesting.Sample(), other = graph.Clone();
        PassContext context = QuantizeTesting.SampleContext with { Reference = graph.Clone() };
        PassResult result = new Int8Quantization().Apply(graph, context);
        new Int8Quantization().Apply(other, QuantizeTesting.SampleContext);
        Assert.IsEmpty(result.Notes);
        foreach ((Node a, Node b) in graph.Nodes.Zip(other.Nodes).Where(p => p.First.Type == "Conv"))
            Assert.IsTrue(a.Input(1).Constant!.Bytes.Span.SequenceEqual(b.Input(1).Constant!.Bytes.Span));
    }

    private static double Loss(TempFolder folder, WeightRounding? rounding, out PassResult result)
    {
        Graph graph = Differences();
        Tensor data = Smooth(24);
        string file = folder.Write("smooth.npy", DataTesting.Npy("<f4", "24, 3, 12, 12", MemoryMarshal.AsBytes(data.Span<float>())));
        PassContext context = new(new CompileOptions { CalibrationData = [file], Rounding = rounding }, new Recipe(), new DiagnosticList())
        {
            Reference = graph.Clone(),
        };
        result = new Int8Quantization().Apply(graph, context);
        // What is left is the rounding of weights.
        foreach (Value value in graph.Values.Where(v => !v.IsConstant)) value.Quantization = null;
        Tensor unseen = Smooth(8, 100);
        Tensor wanted = new Interpreter(context.Reference!).Run(unseen)[0];
        return Math.Pow(10, -QuantizeTesting.Sqnr(wanted, new Interpreter(graph) { FakeQuantize = true }.Run(unseen)[0]) / 20);
    }

    /// <summary>A convolution of whose output only the differences of two nearly equal channels are read.</summary>
    private static Graph Differences()
    {
        var g = new TestGraph();
        Tensor filters = TestGraph.RandomTensor(1, 8, 3, 3, 3);
        for (int o = 0; o < 8; o++)
        {
            float sum = 0;
            for (int i = 0; i < 27; i++) sum += filters.Span<float>()[(o * 27) + i];
            for (int i = 0; i < 27; i++) filters.Span<float>()[(o * 27) + i] -= sum / 27;
        }

        g.Output(g.Add("Conv", [g.Input("x", -1, 3, 12, 12), g.Constant(filters)], ("pads", new[] { 0, 0, 0, 0 })));
        return g.Build();
    }

    /// <summary>Images that hardly change from pixel to pixel, of any brightness.</summary>
    private static Tensor Smooth(int count, int seed = 0)
    {
        Tensor images = Tensor.Zeros(ElementType.Float32, [count, 3, 12, 12]);
        for (int n = 0; n < count; n++)
        {
            var random = new Random(seed + n);
            float level = 10 * (float)random.NextDouble(), x = (float)random.NextDouble() / 10, y = (float)random.NextDouble() / 10;
            foreach (int i in Enumerable.Range(0, 3 * 144))
            {
                float noise = 0.05f * (float)random.NextDouble();
                images.Span<float>()[(n * 3 * 144) + i] = level + (x * (i % 12)) + (y * (i % 144 / 12)) + noise;
            }
        }

        return images;
    }
}
