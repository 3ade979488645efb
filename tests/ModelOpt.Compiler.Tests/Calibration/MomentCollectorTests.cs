using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Numerics;
using ModelOpt.Compiler.Simplify;
using ModelOpt.Compiler.Tests.Techniques.Quantize;

namespace ModelOpt.Compiler.Tests.Calibration;

[TestClass]
internal sealed class MomentCollectorTests
{
    /// <summary>Moments of the unchanged graph know the layer itself: the fit of y on x is its weight and bias.</summary>
    [TestMethod]
    [DataRow(6, 1, 1, 1, 0)]
    [DataRow(6, 3, 2, 1, 1)]
    [DataRow(6, 3, 1, 2, 2)]
    [DataRow(2, 3, 1, 1, 1)]
    [DataRow(1, 3, 2, 1, 0)]
    public void A_convolution_is_found_again_from_its_moments(int perGroup, int kernel, int stride, int dilation, int pad)
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 6, 9, 9);
        g.Output(g.Add("Conv", [x, g.Random(1, 6, perGroup, kernel, kernel), g.Random(2, 6)], ("group", 6 / perGroup),
            ("strides", new[] { stride, stride }), ("dilations", new[] { dilation, dilation }), ("pads", new[] { pad, pad, pad, pad })));
        AssertFound(g.Build());
    }

    [TestMethod]
    public void A_dense_layer_is_found_again_from_its_moments()
    {
        var g = new TestGraph();
        g.Output(g.Add("Gemm", [g.Input("x", -1, 7), g.Random(1, 4, 7), g.Random(2, 4)], ("transB", 1)));
        AssertFound(g.Build());
    }

    [TestMethod]
    public void Later_layers_make_up_for_earlier_ones()
    {
        var g = new TestGraph();
        Value x = g.Input("x", -1, 8);
        Value hidden = g.Add("Gemm", [x, g.Random(1, 8, 8), g.Random(2, 8)], ("transB", 1));
        g.Output(g.Add("Gemm", [hidden, g.Random(3, 4, 8), g.Random(4, 4)], ("transB", 1)));
        Graph graph = g.Build();
        using var folder = new TempFolder();
        PassContext context = folder.Calibrated(graph);
        context.Reference = graph.Clone();
        Tensor first = graph.Nodes[0].Input(1).Constant!;
        graph.Nodes[0].Input(1).Constant = Tensor.Of<float>(first.Dims, [.. first.Span<float>().ToArray().Select(w => w + 0.3f)]);
        Tensor second = graph.Nodes[1].Input(1).Constant!;
        float[] before = [.. second.Span<float>()];
        double spoilt = Difference(graph, context.Reference!);
        LayerStages.Run(graph, [graph.Nodes[1]], context, "test", (layer, moments) =>
        {
            (Tensor weight, float[] bias) = ConstrainedLeastSquares.Fit(second, moments, new WeightConstraints(), 1e-6, default);
            OutputAffine.SetConstants(graph, layer, weight.Span<float>().ToArray(), bias);
        });
        Assert.IsTrue(Difference(graph, context.Reference!) < 0.02 * spoilt, "the first layer is a linear map that the second can undo");
        CollectionAssert.AreEqual(before, second.Span<float>().ToArray(), "tensors are not written to");
    }

    private static double Difference(Graph graph, Graph reference)
    {
        var feeds = reference.Feeds();
        float[] a = graph.Interpret(feeds)[0].Span<float>().ToArray(), b = reference.Interpret(feeds)[0].Span<float>().ToArray();
        return a.Zip(b, (p, q) => Math.Pow(p - q, 2)).Sum();
    }

    private static void AssertFound(Graph graph)
    {
        using var folder = new TempFolder();
        Node layer = graph.Nodes[0];
        using MomentCollector collector = new(graph, graph.Clone(), folder.Calibrated(graph));
        LayerMoments moments = collector.Collect([layer], "test")[layer];
        float[] weight = layer.Input(1).Constant!.Span<float>().ToArray(), bias = layer.Input(2).Constant!.Span<float>().ToArray();
        int k = moments.Inputs, perGroup = moments.Outputs / moments.Groups;
        for (int group = 0; group < moments.Groups; group++)
        {
            double[] fit = SymmetricSolver.Solve(k + 1, moments.Gram(group), moments.Cross(group), 1e-9);
            for (int o = 0; o < perGroup; o++)
            {
                int channel = (group * perGroup) + o;
                for (int i = 0; i < k; i++) Assert.AreEqual(weight[(channel * k) + i], fit[(o * (k + 1)) + i], 2e-3);
                Assert.AreEqual(bias[channel], fit[(o * (k + 1)) + k], 2e-3);
            }
        }
    }
}
