using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Compilation;
using ModelOpt.Compiler.Constraints;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Passes.Constrain;

/// <summary>
/// Makes the share of weights zero that options and recipe ask for, in their pattern. With calibration data, which ones is chosen by
/// what they cost where the others make up for them; then the others do, layer by layer, each fitted to the outputs of the float
/// model behind what the layers before it have become.
/// </summary>
internal sealed class SparsityPass : Pass
{
    /// <summary>The pull to the original weights, as a share of the mean variance of a layer's inputs.</summary>
    private static readonly double LeastRidge = X("XR0", 0.01);
    private static double X(string n, double d) => Environment.GetEnvironmentVariable(n) is { } v ? double.Parse(v, System.Globalization.CultureInfo.InvariantCulture) : d;

    /// <summary>
    /// How much more it pulls for each input that a position of the samples has to tell of. A layer wider than there are positions would fit
    /// these alone, and its weights would seem to cost nothing.
    /// </summary>
    private static readonly double RidgePerInput = X("XR1", 2);

    /// <summary>At most how many bytes the moments taken at a time have.</summary>
    private const long MomentBytes = 1L << 30;

    /// <inheritdoc/>
    public override PassPhase Phase => PassPhase.Constrain;

    /// <inheritdoc/>
    public override PassResult Apply(Graph graph, PassContext context)
    {
        List<string> notes = [];
        List<SparseLayer> layers = SparseLayer.Of(graph, context, notes);
        if (layers.Count == 0)
        {
            if (notes.Count > 0) context.Diagnostics.Report(SparsityDiagnostics.NothingSparse.At(null, null));
            return new PassResult(0, notes);
        }

        bool fits = context.IsCalibrated && context.Model.PruningCriterion != PruningCriterion.Magnitude;
        SparsityDistribution distribution = context.Model.SparsityDistribution ?? SparsityDistribution.Global;
        bool shares = fits && distribution == SparsityDistribution.Global && layers.Count(l => l.IsPooled) > 1;
        double[][] prices = shares ? Costs(graph, layers, context)
            : [.. layers.Select(l => MagnitudePrices.Of(l.Layout, l.Node.Input(1).Constant!.Span<float>()))];
        Mask[] masks = ZeroSelection.Choose(layers, prices, distribution);
        if (fits)
        {
            // Layers of one stage see each other as they were: a mask is applied only together with the fit that makes up for it.
            Dictionary<Node, Choice> choices = Enumerable.Range(0, masks.Length).ToDictionary(
                i => layers[i].Node, i => new Choice(layers[i] with { Share = masks[i].Sparsity }, masks[i], shares && layers[i].IsPooled && X("XRESEL", 0) == 0));
            LayerStages.Run(graph, [.. Fitted(graph, layers[0].Node)], context, "sparsity",
                (node, moments) => Fit(graph, node, choices.GetValueOrDefault(node), moments, context));
        }

        // What the float model has no counterpart of is not fitted.
        foreach ((SparseLayer layer, Mask mask) in layers.Zip(masks))
        {
            Value weight = layer.Node.Input(1);
            if (weight.Constraints?.Mask is null) Set(weight, weight.Constant!, (weight.Constraints ?? new()).With(mask));
        }

        return new PassResult(layers.Count, notes);
    }

    /// <summary>The layers that are fitted: the first sparse one and all behind it, which make up for what it lost.</summary>
    private static IEnumerable<Node> Fitted(Graph graph, Node first) => graph.Nodes.SkipWhile(n => n != first).Where(n =>
        n.Type is "Conv" or "Gemm" && n.Input(1) is { Constant: { Type: ElementType.Float32, Rank: >= 2 }, Consumers.Count: 1 }
        && n.InputOrNull(2) is null or { IsConstant: true });

    /// <summary>What zeros cost in each layer: the error they make in what it computes, and what of that reaches the network's outputs.</summary>
    private static double[][] Costs(Graph graph, List<SparseLayer> layers, PassContext context)
    {
        List<double[]> costs = [];
        List<(Node, float[], float[])> erring = [];
        List<double> errors = [];
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

            var collected = collector.Collect([.. some.Select(l => l.Node)], "sparsity costs");
            foreach (SparseLayer layer in some)
            {
                LayerMoments moments = collected[layer.Node];
                Tensor weight = layer.Node.Input(1).Constant!;
                float[] start = weight.Span<float>().ToArray();
                LayerQuadratic[] error = LayerQuadratic.Of(moments, start, RidgeOf(moments));
                double[] prices = SecondOrderPrices.Of(layer.Layout, error, start, context.Cancellation);
                Mask mask = ZeroSelection.Choose([layer], [prices], SparsityDistribution.Uniform)[0];
                (Tensor fitted, float[] bias) = ConstrainedLeastSquares.Fit(weight, moments, new WeightConstraints().With(mask), RidgeOf(moments), context.Cancellation);
                float[] erred = fitted.Span<float>().ToArray();
                int at = 0;
                double excess = 0, energy = 0;
                foreach (LayerQuadratic e in error)
                {
                    excess += e.Excess(erred.AsSpan(at, e.Rows * e.Columns));
                    energy += e.Energy(start.AsSpan(at, e.Rows * e.Columns));
                    at += e.Rows * e.Columns;
                }

                costs.Add(prices);
                erring.Add((layer.Node, erred, bias));
                errors.Add(excess / energy);
            }
        }

        double[] changes = OutputSensitivity.Measure(graph, erring, context, "sparsity: sensitivity");
        for (int i = 0; i < changes.Length; i++)
        {
            double factor = errors[i] > 0 ? changes[i] / errors[i] : 1;
            if (Environment.GetEnvironmentVariable("XSENS") is { } xs) { Console.Error.WriteLine($"{layers[i].Node.Label} {layers[i].Weights} err {errors[i]:g3} change {changes[i]:g3} f {factor:g3}"); factor = Math.Pow(factor, double.Parse(xs, System.Globalization.CultureInfo.InvariantCulture)); }
            for (int j = 0; j < costs[i].Length; j++) costs[i][j] *= factor;
        }

        return [.. costs];
    }

    /// <summary>
    /// Chooses a layer's zeros where they are not settled, by what it sees and should give behind the layers that have become sparse;
    /// fits the weights that stay, then rounds them where the layer's integers may be fewer.
    /// </summary>
    private static void Fit(Graph graph, Node node, Choice? choice, LayerMoments moments, PassContext context)
    {
        Value weight = node.Input(1);
        Tensor original = weight.Constant!;
        WeightConstraints constraints = weight.Constraints ?? new();
        LayerQuadratic[] error = choice is null ? [] : LayerQuadratic.Of(moments, original.Span<float>().ToArray(), RidgeOf(moments));
        if (choice is { IsSettled: true }) constraints = constraints.With(choice.Mask);
        else if (choice is not null)
        {
            float[] best = [.. error.SelectMany(e => e.Best()).Select(w => (float)w)];
            double[] prices = SecondOrderPrices.Of(choice.Layer.Layout, error, best, context.Cancellation);
            constraints = constraints.With(ZeroSelection.Choose([choice.Layer], [prices], SparsityDistribution.Uniform)[0]);
        }

        (Tensor fitted, float[] bias) = ConstrainedLeastSquares.Fit(original, moments, constraints, RidgeOf(moments), context.Cancellation);
        if (choice is not null && context.OptionsOf(node).Clusters is null
            && context.QuantizationOf(node) is QuantizationMode.Int8 or QuantizationMode.WeightOnlyInt8)
        {
            constraints = constraints.With(GridCoarsening.Of(fitted, error));
            (fitted, bias) = ConstrainedLeastSquares.Fit(fitted, moments, constraints, RidgeOf(moments), context.Cancellation);
        }

        Set(weight, fitted, choice is null ? weight.Constraints : constraints);
        if (node.InputOrNull(2) is null) node.SetInput(2, graph.AddConstant($"{node.Label}_bias", Tensor.Vector<float>(bias)));
        else graph.ReplaceConstant(node, 2, Tensor.Vector<float>(bias));
    }

    /// <summary>The pull for a layer, as a share of the mean variance of its inputs.</summary>
    /// <param name="moments">The layer's moments.</param>
    private static double RidgeOf(LayerMoments moments) => LeastRidge + (RidgePerInput * moments.Inputs / Math.Max(1, moments.Count));

    private static void Set(Value weight, Tensor value, WeightConstraints? constraints)
    {
        weight.Constraints = constraints;
        weight.Constant = constraints?.Project(value) ?? value;
    }

    /// <summary>What is decided of a layer before it is fitted.</summary>
    /// <param name="Layer">The layer, with its share.</param>
    /// <param name="Mask">Its zeros.</param>
    /// <param name="IsSettled">Whether the zeros stay; or else only how many they are.</param>
    private sealed record Choice(SparseLayer Layer, Mask Mask, bool IsSettled);
}
