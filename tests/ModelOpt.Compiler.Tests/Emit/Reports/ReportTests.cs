using System.IO.Compression;
using System.Text.Json;
using ModelOpt.Compiler.Emit.Reports;
using ModelOpt.Compiler.Simplify;
using ModelOpt.Compiler.Techniques.Quantize;
using ModelOpt.Compiler.Tests.Operators.Contract;

namespace ModelOpt.Compiler.Tests.Emit.Reports;

[TestClass]
internal sealed class ReportTests
{
    [TestMethod]
    public void Layers_tell_their_cost_and_what_rounding_took()
    {
        JsonElement layer = Layer(out LoweringGraph graph, out Tensor exact);

        Assert.AreEqual("Conv", layer.GetProperty("operator").GetString());
        Assert.AreEqual("[\"N\",\"8\",\"4\",\"4\"]", JsonSerializer.Serialize(layer.GetProperty("outputShape")));
        Assert.AreEqual(8 * 3 * 9 * 16, layer.GetProperty("macs").GetInt64());
        Assert.AreEqual((8 * 3 * 9) + 8, layer.GetProperty("parameters").GetInt64());
        Assert.AreEqual(8, layer.GetProperty("weightBits").GetInt32());
        Assert.AreEqual(32, layer.GetProperty("activationBits").GetInt32());
        Assert.IsFalse(layer.TryGetProperty("scale", out _));
        Assert.AreEqual("the recipe says so", layer.GetProperty("reason").GetString());

        ReadOnlySpan<float> w = exact.Span<float>(), rounded = graph.Graph.Nodes[0].Input(1).Constant!.Span<float>();
        double signal = 0, noise = 0;
        for (int i = 0; i < w.Length; i++) (signal, noise) = (signal + Math.Pow(w[i], 2), noise + Math.Pow(w[i] - rounded[i], 2));
        double sqnr = layer.GetProperty("weightSqnr").GetDouble();
        Assert.AreEqual(10 * Math.Log10(signal / noise), sqnr, 0.01);
        Assert.IsGreaterThan(35, sqnr, "int8 costs about 6 dB a bit");
    }

    [TestMethod]
    [DataRow(float.NaN)]
    [DataRow(float.PositiveInfinity)]
    public void Weights_that_are_no_numbers_have_no_ratio_of_signal_to_noise(float odd)
    {
        LoweringGraph graph = new();
        graph.Output(graph.Node("Gemm", [graph.Input("x", 1, 2), graph.Constant([2, 2], odd, 1, 2, 3)]));
        Report report = new ReportBuilder(graph.Graph).Build(graph.Graph, new("m", 1, [], 0), [], [], []);
        Assert.IsNull(report.Layers[0].WeightSqnr);
        using JsonDocument json = JsonDocument.Parse(report.ToJson());
        Assert.AreEqual("Gemm", json.RootElement.GetProperty("layers")[0].GetProperty("operator").GetString());
    }

    [TestMethod]
    public void The_zip_size_is_that_of_a_deflated_file()
    {
        byte[] file = new byte[100_000];
        new Random(1).NextBytes(file.AsSpan(0, 50_000));
        Report report = new ReportBuilder(new Graph()).Build(new Graph(), new("m", 1, file, 7), [], [], []);
        using MemoryStream deflated = new();
        using (DeflateStream deflate = new(deflated, CompressionLevel.SmallestSize, leaveOpen: true)) deflate.Write(file);
        Assert.AreEqual(deflated.Length, report.ZipBytes, 200, "a ZIP adds headers only");
        Assert.AreEqual(7, report.EmbeddedBytes);
    }

    [TestMethod]
    public void A_fused_activation_tells_the_grid_of_its_layer()
    {
        LoweringGraph graph = new();
        Value x = graph.Node("Relu", [graph.Node("Conv", [graph.Input("x", 1, 3, 4, 4), graph.Weight(4, 3, 1, 1)])]);
        x.Quantization = Quantization.PerTensor(ElementType.Int8, 0.5f, -128);
        graph.Output(x);
        LayerReport layer = new ReportBuilder(graph.Graph).Build(graph.Graph, new("m", 1, [], 0), [], [], []).Layers[0];
        Assert.AreEqual("Conv", layer.Operator);
        Assert.AreEqual(8, layer.ActivationBits);
        Assert.AreEqual(0.5f, layer.Scale);
        Assert.AreEqual(-128, layer.ZeroPoint);
    }

    private static JsonElement Layer(out LoweringGraph graph, out Tensor exact)
    {
        graph = new LoweringGraph();
        Value x = graph.Node(
            "Conv", [graph.Input("x", LoweringGraph.Batch, 3, 4, 4), graph.Weight(8, 3, 3, 3), graph.Weight(8)],
            ("pads", new long[] { 1, 1, 1, 1 }));
        graph.Output(x);
        ReportBuilder builder = new(graph.Graph);
        exact = x.Producer!.Input(1).Constant!;
        Assert.IsNull(StoredWeights.AsInt8(x.Producer));
        Report report = builder.Build(
            graph.Graph, new("model", 1000, [1, 2, 3], 2), [new AppliedPass("PadFolding", 0, [])],
            [new AppliedPass("Int8Quantization", 0, [new(x.Producer, "the recipe says so")])], []);
        Assert.AreEqual("Int8Quantization", report.Passes.Single().Name);
        byte[] json = report.ToJson();
        return JsonDocument.Parse(json).RootElement.GetProperty("layers")[0].Clone();
    }
}
