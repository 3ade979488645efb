using ModelOpt.Compiler.Compilation;
using ModelOpt.Compiler.Constraints;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Passes.Quantize;

namespace ModelOpt.Compiler.Passes.Constrain;

/// <summary>
/// Weights of convolutions and dense layers get at most <see cref="LayerOptions.Clusters"/> distinct values, zero among them where
/// they are sparse. Where they will be int8, the values are integers, and the scales are chosen with them (<see cref="IntegerClustering"/>).
/// </summary>
/// <remarks>
/// Depthwise layers, which have few weights and suffer most, and layers of less than <see cref="SmallestCount"/> weights, which
/// have nothing to save, are left as they are unless a rule of the recipe names them.
/// </remarks>
internal sealed class ClusteringPass : Pass
{
    /// <summary>Fewer weights than this are left as they are.</summary>
    public const int SmallestCount = 1024;

    /// <inheritdoc/>
    public override PassPhase Phase => PassPhase.Quantize;

    /// <inheritdoc/>
    public override PassResult Apply(Graph graph, PassContext context)
    {
        List<string> notes = [];
        List<Node> layers = [];
        foreach (Node node in graph.Nodes.Where(n => n.Type is "Conv" or "Gemm" && context.OptionsOf(n).Clusters is not null))
        {
            string? reason = WhyNot(node, context);
            if (reason is null) layers.Add(node);
            else notes.Add($"{node.Label}: {reason}");
        }

        foreach (Node node in layers) Check(node, context);
        for (int i = 0; i < layers.Count; i++)
        {
            context.Progress?.Report(new CompileProgress("cluster", i, layers.Count));
            Cluster(graph, layers[i], context);
        }

        return new PassResult(layers.Count, notes);
    }

    private static string? WhyNot(Node node, PassContext context)
    {
        if (node.InputOrNull(1) is not { Constant: { Type: ElementType.Float32 } tensor, Quantization: null })
            return "its weight is not a float32 constant";
        if (node.Type == "Gemm" && !GemmCanonicalization.IsCanonical(node)) return "its weight is not in canonical form";
        if (context.Recipe.Layers.Any(r => r.Clusters is not null && r.Matches(node.Label))) return null;
        if (node.Int("group", 1) > 1 && tensor.Dims[1] == 1) return "depthwise layers are clustered only where a rule names them";
        return tensor.Count < SmallestCount ? $"layers of less than {SmallestCount} weights are clustered only where a rule names them" : null;
    }

    private static void Check(Node node, PassContext context)
    {
        WeightGrid.CheckFinite(node.Input(1));
        int clusters = context.OptionsOf(node).Clusters!.Value;
        string text = clusters.ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (clusters < 3 && node.Input(1).Constraints?.Mask is not null)
            throw ClusteringDiagnostics.TooFewWithZeros.Error(node.Label, text);
        if (clusters < 2) throw ClusteringDiagnostics.TooFew.Error(node.Label, text);
        if (clusters > 256 && IsInt8(node, context)) throw ClusteringDiagnostics.TooMany.Error(node.Label, text);
    }

    private static bool IsInt8(Node node, PassContext context) =>
        context.QuantizationOf(node) is QuantizationMode.Int8 or QuantizationMode.WeightOnlyInt8;

    private static void Cluster(Graph graph, Node node, PassContext context)
    {
        LayerOptions options = context.OptionsOf(node);
        Value weight = Own(graph, node);
        Tensor tensor = weight.Constant!;
        WeightConstraints constraints = weight.Constraints ?? new WeightConstraints();
        LayerWeights layer = new(tensor.Span<float>().ToArray(), tensor.Dims[0], constraints.Mask?.Zeros, [Ones(tensor)]);
        int clusters = options.Clusters!.Value, seed = context.Model.Seed ?? 0;
        ClusterScope scope = options.ClusterScope ?? ClusterScope.Tensor;
        ClusterInitialization method = context.Model.ClusterInitialization ?? ClusterInitialization.KMeansPlusPlus;
        if (IsInt8(node, context))
        {
            EntropyConstrainedLloyd.Outcome outcome =
                IntegerClustering.Fit(layer, clusters, scope, method, seed, context.Cancellation);
            (weight.Constraints, weight.Constant) = Integers(constraints, tensor, outcome, clusters, scope);
            return;
        }

        bool half = context.QuantizationOf(node) == QuantizationMode.Float16;
        float[][] levels = FloatClustering.Fit(layer, clusters, scope, method, seed, half);
        weight.Constraints = constraints.With(new Codebook(clusters, scope, levels));
        weight.Constant = weight.Constraints.Project(tensor);
    }

    /// <summary>The constraints and the weight of a codebook of integers.</summary>
    private static (WeightConstraints Constraints, Tensor Weight) Integers(
        WeightConstraints constraints, Tensor tensor, EntropyConstrainedLloyd.Outcome outcome, int clusters, ClusterScope scope)
    {
        float[] scales = [.. outcome.Codebook.Scales.Select(s => (float)s)];
        Codebook codebook = new(clusters, scope,
            [.. outcome.Codebook.Levels.Select((l, c) => l.Select(q => q * scales[c]).ToArray())]);
        constraints = constraints.With(new Quantization(ElementType.Int8, scales, new int[scales.Length], 0)).With(codebook);
        int perChannel = tensor.Count / tensor.Dims[0];
        float[] values = [.. outcome.Assigned.Select((q, i) => q * scales[i / perChannel])];
        return (constraints, Tensor.Of<float>(tensor.Dims, values));
    }

    private static double[] Ones(Tensor weight)
    {
        double[] ones = new double[weight.Count / weight.Dims[0]];
        Array.Fill(ones, 1);
        return ones;
    }

    /// <summary>The layer's weight, one that no other node reads.</summary>
    private static Value Own(Graph graph, Node node)
    {
        Value weight = node.Input(1);
        if (weight.Consumers.Count == 1) return weight;
        Value own = graph.AddConstant(weight.Name, weight.Constant!);
        own.Constraints = weight.Constraints;
        node.SetInput(1, own);
        return own;
    }
}
