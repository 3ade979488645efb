using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Options;
using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Techniques.Sparsity;

/// <summary>
/// Makes the requested share of weights zero, in the requested pattern. With calibration data, chooses the weights that cost least when
/// the others compensate; then fits the others, layer by layer, to the float model's outputs given the layers pruned before.
/// </summary>
internal sealed class SparsityPass : Pass
{
    public override PassPhase Phase => PassPhase.Constrain;

    public override PassResult Apply(Graph graph, PassContext context)
    {
        List<PassNote> notes = [];
        List<SparseLayer> layers = SparseLayer.Of(graph, context, notes);
        if (layers.Count == 0)
        {
            if (notes.Count > 0) context.Diagnostics.Report(SparsityDiagnostics.NothingSparse.At(null, null));
            return new PassResult(0, notes);
        }

        HashSet<Node> taking = [.. layers.Select(l => l.Node)];
        RuleEffects.Check(context, nameof(LayerOptions.Sparsity), r => r.Sparsity > 0,
            [.. graph.Nodes.Select(n => (n, taking.Contains(n) ? null : ReasonOf(n)))
                .Where(l => taking.Contains(l.n) || l.Item2 is not null)]);

        // Some have become sparse in training.
        layers.RemoveAll(l => l.Weight.Constraints?.Mask is not null);
        if (layers.Count == 0) return new PassResult(0, notes);
        int count = layers.Count;
        HashSet<Node> changing = [.. layers.Select(l => l.Node)];
        Node first = graph.Nodes.First(changing.Contains);
        ChooseUnfitted(layers);
        bool fits = context.IsCalibrated && context.Model.PruningCriterion != PruningCriterion.Magnitude;
        SparsityDistribution distribution = context.Model.SparsityDistribution ?? SparsityDistribution.Global;
        bool shares = fits && distribution == SparsityDistribution.Global && layers.Count(l => l.IsPooled) > 1;
        (double[][] prices, int[] unseen) = shares ? SparsityCosts.Of(graph, layers, context)
            : ([.. layers.Select(l => MagnitudePrices.Of(l.Layout, l.Weight.Constant!.Span<float>()))], []);
        Mask[] masks = ZeroSelection.Choose(layers, prices, distribution);
        foreach (int i in unseen)
            context.Diagnostics.Report(SparsityDiagnostics.NoInfluence.At(null, layers[i].Node.Label, masks[i].Sparsity));
        if (fits)
        {
            // The number of zeros of each layer is fixed here; which weights become zero is decided when the layer's input is known.
            Dictionary<Node, SparseLayer> sparse = layers.Zip(masks)
                .ToDictionary(l => l.First.Node, l => l.First with { Share = l.Second.Sparsity });
            LayerStages.Run(graph, [.. LayerRefit.LayersFrom(graph, first)], context, "sparsity",
                (node, moments) => Fit(graph, node, sparse.GetValueOrDefault(node), moments, context),
                (node, moments) => LayerRefit.Apply(graph, node, moments, context.Workers));
        }

        // Layers without a counterpart in the float model are not fitted.
        foreach ((SparseLayer layer, Mask mask) in layers.Zip(masks))
        {
            if (layer.Weight.Constraints?.Mask is null) SetMask(layer.Weight, mask);
        }

        return new PassResult(count, notes);

        string? ReasonOf(Node node) => notes.Find(n => n.Layer == node.Label)?.Text;
    }

    /// <summary>
    /// Chooses the zeros of recurrent layers, by magnitude, and takes these from the list. Layers behind them are fitted afterwards.
    /// </summary>
    private static void ChooseUnfitted(List<SparseLayer> layers)
    {
        SparseLayer[] unfitted = [.. layers.Where(l => !l.IsFitted)];
        layers.RemoveAll(l => !l.IsFitted);
        double[][] prices = [.. unfitted.Select(l => MagnitudePrices.Of(l.Layout, l.Weight.Constant!.Span<float>()))];
        foreach ((SparseLayer layer, Mask mask) in unfitted.Zip(ZeroSelection.Choose(unfitted, prices, SparsityDistribution.Uniform)))
            SetMask(layer.Weight, mask);
    }

    private static void SetMask(Value weight, Mask mask)
    {
        weight.Constraints = (weight.Constraints ?? new()).With(mask);
        weight.Constant = weight.Constraints.Project(weight.Constant!);
    }

    /// <summary>
    /// Chooses a layer's zeros by its input and target output, given the layers pruned before. Fits the other weights, then rounds them
    /// if the layer may have fewer integers.
    /// </summary>
    private static void Fit(Graph graph, Node node, SparseLayer? layer, LayerMoments moments, PassContext context)
    {
        Tensor original = node.Input(1).Constant!;
        WeightConstraints? constraints = node.Input(1).Constraints;
        if (layer is not null)
        {
            LayerQuadratic[] error = LayerQuadratic.Of(moments, original.Span<float>().ToArray(), LayerRefit.RidgeOf(moments));
            float[] best = [.. error.SelectMany(e => e.Best).Select(w => (float)w)];
            double[] prices = SecondOrderPrices.Of(layer.Layout, error, best, context.Workers);
            constraints = (constraints ?? new()).With(ZeroSelection.Choose([layer], [prices], SparsityDistribution.Uniform)[0]);
            if (context.OptionsOf(node).Clusters is null
                && context.QuantizationOf(node) is QuantizationMode.Int8 or QuantizationMode.WeightOnlyInt8)
            {
                (original, _) = ConstrainedLeastSquares.Fit(original, moments, constraints, LayerRefit.RidgeOf(moments), context.Workers);
                constraints = constraints.With(GridCoarsening.Of(original, error));
            }
        }

        LayerRefit.Apply(graph, node, original, constraints, moments, context.Workers);
    }
}
