using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Options;
using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Techniques.Clustering;

/// <summary>
/// Weights of convolutions and dense layers get at most <see cref="LayerOptions.Clusters"/> distinct values, zero among them where
/// they are sparse. Where they will be int8, the values are integers, and the scales are chosen with them
/// (<see cref="IntegerClustering"/>).
/// </summary>
/// <remarks>
/// Depthwise layers, which have few weights and suffer most, and layers of less than <see cref="SmallestCount"/> weights, which
/// have nothing to save, are left as they are unless a rule of the recipe names them. The matrix of a MatMul, which has one scale
/// and no moments, is clustered by its own values, and so are the matrices of recurrent layers.
/// </remarks>
internal sealed class ClusteringPass : Pass
{
    /// <summary>Fewer weights than this are left as they are.</summary>
    public const int SmallestCount = 1024;

    // So many of the 255 symmetric ones that leaving one out is nothing.
    private const int AllIntegers = 2 * WeightGrid.MaxWeight;

    public override PassPhase Phase => PassPhase.Constrain;

    public override PassResult Apply(Graph graph, PassContext context)
    {
        List<PassNote> notes = [];
        List<LayerWeight> recurrent = [];
        List<Node> layers = [];
        List<(Node, string?)> asked = [];
        // Layers that share a weight are one, and the first stands for all.
        foreach (Node node in SharedWeights.First(
            graph.Nodes.Where(n => Operator.Of(n).Quantization == QuantizationRule.Weighted && context.OptionsOf(n).Clusters is not null)))
        {
            string? reason = WhyNot(node, context);
            asked.Add((node, reason));
            if (reason is null) layers.Add(node);
            else notes.Add(new(node, reason));
        }

        foreach (Node node in graph.Nodes.Where(n => LayerWeight.IsRecurrent(n) && context.OptionsOf(n).Clusters is not null))
        {
            LayerWeight[] large = [.. LayerWeight.OfRecurrent(node).Where(w => WhyNot(w, context) is null)];
            string? reason = large.Length > 0 ? null
                : LayerWeight.OfRecurrent(node).Select(w => WhyNot(w, context)).FirstOrDefault() ?? "it has no constant weights";
            asked.Add((node, reason));
            if (reason is null) recurrent.AddRange(large);
            else notes.Add(new(node, reason));
        }

        Warn([.. layers, .. recurrent.Select(w => w.Node)], asked, context);
        foreach (LayerWeight weight in recurrent)
        {
            WeightGrid.CheckFinite(weight.Value);
            Cluster(graph, weight, context, null);
        }

        foreach (Node node in layers) WeightGrid.CheckFinite(node.Input(1));
        HashSet<Node> left = [.. layers];
        HashSet<Node> changing = [.. layers, .. recurrent.Select(w => w.Node)];
        if (context.IsCalibrated && changing.Count > 0)
        {
            Node first = graph.Nodes.First(changing.Contains);
            Dictionary<Node, LayerClustering> clustered = [];
            // Only layers that the float model has as well are given.
            LayerStages.Run(graph, [.. LayerRefit.LayersFrom(graph, first)], context, "cluster",
                (node, moments) =>
                {
                    if (left.Remove(node)) clustered[node] = Cluster(graph, new(node, 1, AxisOf(node)), context, moments);
                    else LayerRefit.Apply(graph, node, moments, context.Workers);
                },
                (node, moments) =>
                {
                    if (clustered.TryGetValue(node, out LayerClustering? clustering)) clustering.Refine(moments, context.Workers);
                    else LayerRefit.Apply(graph, node, moments, context.Workers);
                });
        }

        foreach (Node node in layers.Where(left.Contains)) Cluster(graph, new(node, 1, AxisOf(node)), context, null);
        return new PassResult(layers.Count + recurrent.Count, notes);

        static int AxisOf(Node node) => Operator.Of(node).WeightAxis(node);
    }

    private static void Warn(List<Node> layers, List<(Node Node, string? Reason)> asked, PassContext context)
    {
        if (layers.Count == 0 && context.Model.Clusters is not null)
        {
            context.Diagnostics.Report(ClusteringDiagnostics.NothingClustered.At(
                null, null, asked.Select(a => a.Reason).FirstOrDefault() ?? "the model has no layer with weights"));
        }

        RuleEffects.Check(context, nameof(LayerOptions.Clusters), r => r.Clusters is not null, asked);
        foreach (Node node in layers.Where(n => IsInt8(n, context) && context.OptionsOf(n).Clusters >= AllIntegers).Take(1))
            context.Diagnostics.Report(ClusteringDiagnostics.AllIntegers.At(null, null, context.OptionsOf(node).Clusters, AllIntegers + 1));
    }

    private static string? WhyNot(Node node, PassContext context)
    {
        if (node.InputOrNull(1) is not { Constant: { Type: ElementType.Float32 } tensor, Quantization: null })
            return "its weight is not a float32 constant";
        if (node.Type == "Gemm" && !GemmCanonicalization.IsCanonical(node)) return "its weight is not in canonical form";
        if (context.Recipe.Layers.Any(r => r.Clusters is not null && r.Matches(node.Label))) return null;
        if (node.Int("group", 1) > 1 && tensor.Dims[1] == 1) return "depthwise layers are clustered only where a rule names them";
        return tensor.Count < SmallestCount
            ? $"layers of less than {SmallestCount} weights are clustered only where a rule names them"
            : null;
    }

    private static string? WhyNot(LayerWeight weight, PassContext context)
    {
        if (weight.Value is not { Quantization: null, Consumers.Count: 1 }) return "its weights have other uses, or are stored otherwise";
        return weight.Value.Constant!.Count >= SmallestCount
            || context.Recipe.Layers.Any(r => r.Clusters is not null && r.Matches(weight.Node.Label)) ? null
            : $"layers of less than {SmallestCount} weights are clustered only where a rule names them";
    }

    private static bool IsInt8(Node node, PassContext context) =>
        context.QuantizationOf(node) is QuantizationMode.Int8 or QuantizationMode.WeightOnlyInt8;

    private static LayerClustering Cluster(Graph graph, LayerWeight weight, PassContext context, LayerMoments? moments)
    {
        Node node = weight.Node;
        LayerOptions options = context.OptionsOf(node);
        int clusters = options.Clusters!.Value, seed = context.Model.Seed ?? 0;
        ClusterScope scope = options.ClusterScope ?? ClusterScope.Tensor;
        ClusterInitialization method = context.Model.ClusterInitialization ?? ClusterInitialization.KMeansPlusPlus;
        LayerClustering clustering = new(graph, weight, moments);
        if (IsInt8(node, context)) clustering.ToIntegers(clusters, scope, method, seed, context.Workers);
        else
        {
            bool half = context.QuantizationOf(node) == QuantizationMode.Float16;
            clustering.ToFloats(clusters, scope, method, seed, half, context.Workers);
        }

        return clustering;
    }
}
