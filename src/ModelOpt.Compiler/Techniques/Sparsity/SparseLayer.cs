using System.Globalization;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Generation;
using ModelOpt.Compiler.Options;
using ModelOpt.Compiler.Simplify;

namespace ModelOpt.Compiler.Techniques.Sparsity;

/// <summary>A layer that becomes sparse.</summary>
/// <param name="Place">Its weight: of a Conv or Gemm, the first of those that have it, or of a recurrent layer.</param>
/// <param name="Layout">Its weight in the units of its pattern.</param>
/// <param name="Share">The share of its weights that becomes zero; in a pool, of the pool's.</param>
/// <param name="IsPooled">Whether the share is the model's, so that layers may differ where their sum keeps to it.</param>
internal sealed record SparseLayer(LayerWeight Place, PatternLayout Layout, double Share, bool IsPooled)
{
    /// <summary>
    /// Layers with fewer weights take part only if a rule names them: their zeros save less than a kilobyte but cost accuracy.
    /// </summary>
    public const int LeastWeights = 1024;

    /// <summary>
    /// Convolutions over so few channels, which are those that read an image, take part only where a rule names them: every other
    /// layer sees the input through these.
    /// </summary>
    public const int MostImageChannels = 4;

    // Users write shares with few digits: 0.33 means 2:3.
    private const double ShareTolerance = 0.005;

    /// <summary>The layer.</summary>
    public Node Node => Place.Node;

    /// <summary>Its weight.</summary>
    public Value Weight => Place.Value;

    /// <summary>Whether it is a Conv or Gemm, whose other weights can be fitted to compensate.</summary>
    public bool IsFitted => Operator.IsLayer(Node);

    /// <summary>The number of weights.</summary>
    public int Weights => Layout.Rows * Layout.Columns;

    /// <summary>Finds the layers that take part.</summary>
    /// <param name="notes">Takes the reasons why a layer that was meant does not.</param>
    /// <exception cref="CompilationException">A pattern cannot give the share asked for.</exception>
    public static List<SparseLayer> Of(Graph graph, PassContext context, List<PassNote> notes)
    {
        List<SparseLayer> layers = [];
        // Layers that share a weight are one, and the first stands for all.
        foreach (Node node in SharedWeights.First(graph.Nodes.Where(n => Operator.Of(n).Quantization == QuantizationRule.Weighted)))
        {
            LayerRule? own = context.Recipe.Layers.LastOrDefault(r => r.Sparsity is not null && r.Matches(node.Label));
            if (ShareOf(node, context, own) is not { } share) continue;
            SparsityPattern pattern = PatternOf(node, context);
            if (WhyDense(node, pattern, own is not null) is { } reason) notes.Add(new(node, reason));
            else
            {
                bool isPooled = own is null && pattern.Kind != SparsityKind.NM;
                layers.Add(new(new(node), new(node.Input(1).Constant!.Dims, pattern), share, isPooled));
            }
        }

        AddRecurrent(graph, context, layers, notes);
        return layers;
    }

    private static SparsityPattern PatternOf(Node node, PassContext context) =>
        context.OptionsOf(node).SparsityPattern ?? SparsityPattern.Unstructured;

    /// <summary>
    /// Each matrix of a recurrent layer gets the share: there is no price that those of other layers could be compared with.
    /// </summary>
    private static void AddRecurrent(Graph graph, PassContext context, List<SparseLayer> layers, List<PassNote> notes)
    {
        foreach (Node node in graph.Nodes.Where(LayerWeight.IsRecurrent))
        {
            LayerRule? own = context.Recipe.Layers.LastOrDefault(r => r.Sparsity is not null && r.Matches(node.Label));
            if (ShareOf(node, context, own) is not { } share) continue;
            LayerWeight[] weights = [.. LayerWeight.OfRecurrent(node).Where(w => w.Value.Consumers.Count == 1)];
            int most = weights.Max(w => (int?)w.Value.Constant!.Count) ?? 0;
            if (weights.Length == 0) notes.Add(new(node, "it has no constant weights of its own"));
            else if (own is null && most < LeastWeights) notes.Add(new(node, $"its matrices have only {most} weights"));
            layers.AddRange(weights.Where(w => own is not null || w.Value.Constant!.Count >= LeastWeights)
                .Select(w => new SparseLayer(w, new(w.Dims, PatternOf(node, context)), share, false)));
        }
    }

    /// <summary>The share of zeros that options ask of a layer, or null where they ask for none.</summary>
    private static double? ShareOf(Node node, PassContext context, LayerRule? own)
    {
        LayerOptions options = context.OptionsOf(node);
        if (options.SparsityPattern is not { Kind: SparsityKind.NM } pattern) return options.Sparsity is > 0 ? options.Sparsity : null;
        // A rule that gives a layer another pattern does not mean the model's share.
        bool implied = own is null && context.Recipe.Layers.Any(r => r.SparsityPattern is not null && r.Matches(node.Label));
        double asked = implied ? ShareOf(pattern) : options.Sparsity ?? ShareOf(pattern);
        if (asked == 0) return null;
        if (Math.Abs(asked - ShareOf(pattern)) <= ShareTolerance) return ShareOf(pattern);
        int kept = (int)Math.Clamp(Math.Round(pattern.Columns * (1 - asked)), 1, pattern.Columns - 1);
        SparsityPattern nearest = pattern with { Rows = kept };
        throw SparsityDiagnostics.PatternShare.Error(
            node.Label, pattern, Text(ShareOf(pattern)), Text(asked), nearest, Text(ShareOf(nearest)));
    }

    private static double ShareOf(SparsityPattern pattern) => 1 - ((double)pattern.Rows / pattern.Columns);

    private static string Text(double share) => share.ToString("0.####", CultureInfo.InvariantCulture);

    private static string? WhyDense(Node node, SparsityPattern pattern, bool isNamed)
    {
        if (!Operator.IsLayer(node) || node.Input(1) is not { Constant: { Type: ElementType.Float32, Rank: >= 2 } weight })
            return "it has no constant weight of a convolution or dense layer";
        if (node.Input(1).Consumers.Count > SharedWeights.LayersOf(node).Count) return "its weight has other uses than multiplication";
        if (weight.Dims[1] == 1 && node.Int("group", 1) > 1) return "it is depthwise and has no weights to spare";
        if (node.Int("group", 1) is > 1 and var groups && pattern.Kind == SparsityKind.Block && weight.Dims[0] / groups % pattern.Rows != 0)
            return $"blocks of {pattern.Rows} output channels would lie across its groups";
        if (isNamed) return null;
        if (weight.Rank > 2 && weight.Dims[1] <= MostImageChannels) return "it reads few channels";
        return weight.Count < LeastWeights ? $"it has only {weight.Count} weights" : null;
    }
}
