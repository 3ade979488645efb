using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Techniques.Quantize;
using ModelOpt.Compiler.Tests.Simplify;

namespace ModelOpt.Compiler.Tests.Techniques.Quantize;

[TestClass]
internal sealed class DivisionsTests
{
    [TestMethod]
    public void Mean_and_variance_of_a_normalization_stay_in_float()
    {
        Graph graph = Normalization();
        HashSet<Node> feeding = Divisions.Feeding(graph);
        Assert.AreEqual(
            "ReduceMean Sub Mul ReduceMean_1 Add Sqrt", string.Join(' ', graph.Nodes.Where(feeding.Contains).Select(n => n.Label)));
    }

    [TestMethod]
    public void A_normalization_of_inputs_near_zero_keeps_its_result()
    {
        // The variance is less than half a step of the grid that loud inputs ask for.
        Graph graph = Normalization();
        Tensor quiet = TestGraph.RandomTensor(5, 1, 16);
        foreach (ref float x in quiet.Span<float>()) x *= 0.04f;
        Tensor exact = new Interpreter(graph).Run(quiet)[0];
        using var folder = new TempFolder();
        new Int8Quantization().Apply(graph, folder.Calibrated(graph));
        GraphVerifier.Verify(graph, "quantization");
        Assert.IsGreaterThan(8, QuantizeTesting.Sqnr(exact, new Interpreter(graph) { FakeQuantize = true }.Run(quiet)[0]));
        Normalization().AssertArtifactsAgree();
    }

    [TestMethod]
    public void What_others_read_in_int8_and_divisions_by_constants_are_not_kept_in_float()
    {
        var g = new TestGraph();
        Value conv = g.Add("Conv", g.Input("x", 1, 3, 4, 4), g.Random(1, 4, 3, 1, 1));
        Value shared = g.Add("Mul", conv, conv);
        g.Output(g.Add("Sqrt", shared));
        g.Output(g.Add("Conv", shared, g.Random(2, 4, 4, 1, 1)));
        g.Output(g.Add("Div", g.Add("Add", conv, g.Scalar(1)), g.Scalar(3)));
        g.Output(g.Add("Pow", g.Add("Sub", conv, g.Scalar(1)), g.Scalar(2)));
        Assert.IsEmpty(Divisions.Feeding(g.Build()));
    }

    /// <summary>A dense layer, and what it computes less its mean, divided by its deviation, times a factor.</summary>
    private static Graph Normalization()
    {
        var g = new TestGraph();
        Value x = g.Add("Gemm", g.Input("x", 1, 16), g.Random(1, 16, 32));
        Value centered = g.Add("Sub", x, g.Add("ReduceMean", [x, g.Longs(1)]));
        Value variance = g.Add("ReduceMean", [g.Add("Mul", centered, centered), g.Longs(1)]);
        Value y = g.Add("Div", centered, g.Add("Sqrt", g.Add("Add", variance, g.Scalar(1e-5f))));
        g.Output(g.Add("Gemm", g.Add("Mul", y, g.Random(3, 32)), g.Random(2, 32, 8)));
        return g.Build();
    }
}
