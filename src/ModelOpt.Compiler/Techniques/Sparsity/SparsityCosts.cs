using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Numerics;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Techniques.Sparsity;

/// <summary>
/// The cost of zeros in layers that share them: the error in their layer's output, and how much of such an error reaches the network's
/// outputs.
/// </summary>
internal static class SparsityCosts
{
    /// <summary>
    /// The power of the measured sensitivity that counts. An error alone in the network is seen in full; later layers, which are
    /// fitted behind it, take part of it back, and the more the stronger it is.
    /// </summary>
    private const double SensitivityPower = 0.5;

    /// <summary>
    /// The share of a layer's error that remains after later layers are fitted to compensate for it; measured with SqueezeNet and
    /// MobileNetV2, whose last layers would otherwise get nearly all zeros.
    /// </summary>
    private const double LeftBehind = 0.25;

    /// <summary>At most how many bytes the moments taken at a time have.</summary>
    private const long MomentBytes = 1L << 30;

    /// <summary>Finds the costs.</summary>
    /// <param name="graph">The graph; it is not changed.</param>
    /// <returns>For each layer a price for each unit of its layout; and which layers no output depends on, as far as the data
    /// shows.</returns>
    public static (double[][] Prices, int[] Unseen) Of(Graph graph, List<SparseLayer> layers, PassContext context)
    {
        List<Cost> costs = [];
        // The weights that the layers have are the best there are: the graph is its own reference.
        using MomentCollector collector = new(graph, graph, context);
        while (costs.Count < layers.Count)
        {
            List<SparseLayer> some = [];
            long bytes = 0;
            foreach (SparseLayer layer in layers.Skip(costs.Count))
            {
                bytes += LayerMoments.Bytes((int)layer.Node.Int("group", 1), layer.Layout.Columns, layer.Layout.Rows);
                if (some.Count > 0 && bytes > MomentBytes) break;
                some.Add(layer);
            }

            Dictionary<Node, LayerMoments> moments = collector.Collect([.. some.Select(l => l.Node)], "sparsity: costs");
            costs.AddRange(some.Select(l => CostOf(l, moments[l.Node], LayerRefit.RidgeOf(moments[l.Node]), context.Workers)));
        }

        double[] changes = OutputSensitivity.Measure(
            graph, [.. layers.Zip(costs, (l, c) => (l.Node, c.Weight, c.Bias))], context, "sparsity: sensitivity");
        HashSet<Node> before = BeforeOthers(graph, [.. LayerRefit.LayersFrom(graph, layers[0].Node)]);
        double[][] prices = [.. layers.Select((layer, i) =>
        {
            double factor = costs[i].Error is > 0 and { } error ? Math.Pow(changes[i] / error, SensitivityPower) : 1;
            if (before.Contains(layer.Node)) factor *= LeftBehind;
            return Array.ConvertAll(costs[i].Prices, p => p * factor);
        })];
        return (prices, [.. Enumerable.Range(0, layers.Count)
            .Where(i => !(costs[i].Error is { } error && (changes[i] > 0 || error == 0)))]);
    }

    /// <summary>The nodes that compute a fitted layer's input.</summary>
    private static HashSet<Node> BeforeOthers(Graph graph, HashSet<Node> fitted)
    {
        HashSet<Node> result = [];
        foreach (Node node in graph.Nodes.Reverse())
        {
            if (!fitted.Contains(node) && !result.Contains(node)) continue;
            result.UnionWith(node.Inputs.Select(i => i?.Producer).OfType<Node>());
        }

        return result;
    }

    private static Cost CostOf(SparseLayer layer, LayerMoments moments, double ridge, Workers workers)
    {
        Tensor weight = layer.Node.Input(1).Constant!;
        float[] start = weight.Span<float>().ToArray();
        LayerQuadratic[] quadratics = LayerQuadratic.Of(moments, start, ridge);
        double[] prices = SecondOrderPrices.Of(layer.Layout, quadratics, start, workers);
        Mask mask = ZeroSelection.Choose([layer], [prices], SparsityDistribution.Uniform)[0];
        (Tensor fitted, float[] bias) = ConstrainedLeastSquares.Fit(weight, moments, new WeightConstraints().With(mask), ridge, workers);
        float[] sparse = fitted.Span<float>().ToArray();
        double error = 0, energy = 0;
        int at = 0;
        foreach (LayerQuadratic quadratic in quadratics)
        {
            int length = quadratic.Rows * quadratic.Columns;
            error += quadratic.Excess(sparse.AsSpan(at, length));
            energy += quadratic.Energy(start.AsSpan(at, length));
            at += length;
        }

        return new Cost(prices, sparse, bias, energy > 0 ? error / energy : null);
    }

    /// <summary>The cost of a layer's zeros.</summary>
    /// <param name="Prices">For each unit, as a share of the variance of the layer's output.</param>
    /// <param name="Weight">The weight with the share of zeros that is asked for, fitted.</param>
    /// <param name="Bias">The bias that goes with it.</param>
    /// <param name="Error">Their error, as a share of the variance of the layer's output; null if that does not vary.</param>
    private sealed record Cost(double[] Prices, float[] Weight, float[] Bias, double? Error);
}
