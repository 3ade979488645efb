using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Tests.Techniques.Quantize;

namespace ModelOpt.Compiler.Tests.Techniques.Channels;

[TestClass]
internal sealed class ChannelReconstructionTests
{
    /// <summary>Inputs vary by a ten-thousandth of their mean, so that moments are mostly rounding.</summary>
    [TestMethod]
    public void Layers_that_read_dead_channels_stay_as_they_are_without_these()
    {
        (Graph before, Graph after) = Prune(dead: 4);
        Node reader = after.Nodes[^1];
        Assert.AreEqual(12, reader.Input(1).Constant!.Dims[1]);
        CollectionAssert.AreEqual(
            FirstChannels(before.Nodes[^1].Input(1).Constant!, 12), reader.Input(1).Constant!.Span<float>().ToArray());
        Assert.IsTrue(reader.Input(2).Constant!.Bytes.Span.SequenceEqual(before.Nodes[^1].Input(2).Constant!.Bytes.Span));
    }

    [TestMethod]
    public void Layers_that_lose_live_channels_are_fitted()
    {
        (Graph before, Graph after) = Prune(dead: 3);
        Node reader = after.Nodes[^1];
        Assert.AreEqual(12, reader.Input(1).Constant!.Dims[1]);
        Assert.IsFalse(reader.Input(2).Constant!.Bytes.Span.SequenceEqual(before.Nodes[^1].Input(2).Constant!.Bytes.Span));
    }

    private static (Graph Before, Graph After) Prune(int dead)
    {
        using TempFolder folder = new();
        var g = new TestGraph();
        Tensor weight = TestGraph.RandomTensor(1, 16, 2, 3, 3);
        // Sums are positive, so that Relu leaves them.
        foreach (ref float w in weight.Span<float>()) w = MathF.Abs(w);
        weight.Span<float>()[^(dead * 18)..].Clear();
        Value y = g.Add("Relu", g.Add("Conv", g.Input("x", -1, 2, 6, 6), g.Constant(weight)));
        g.Output(g.Add("Conv", y, g.Random(2, 8, 16, 1, 1), g.Random(3, 8)));
        Graph graph = g.Build(), before = graph.Clone();
        Recipe recipe = new() { ChannelMultiple = 1, Layers = [new LayerRule("Conv") { ChannelPruning = 0.25 }] };
        PassContext context = folder.Calibrated(graph, 0.9999f, recipe);
        context = context with { Options = context.Options with { Quantization = QuantizationMode.None } };
        PassPipeline.Compress(graph, context);
        return (before, graph);
    }

    private static float[] FirstChannels(Tensor weight, int count) =>
        [.. Enumerable.Range(0, weight.Dims[0]).SelectMany(o => weight.Span<float>().Slice(o * weight.Dims[1], count).ToArray())];
}
