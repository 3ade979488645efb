using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators;
using ModelOpt.Compiler.Passes;

namespace ModelOpt.Compiler.Compilation;

/// <summary>Refuses options that are possible by themselves and not together, before anything is computed.</summary>
internal static class OptionChecks
{
    // int8 weights are symmetric: −127…127.
    private const int Int8Values = 255;

    // Zero, and one value of each sign.
    private const int FewestWithZeros = 3;

    /// <summary>Checks the options of the model or of a layer.</summary>
    /// <param name="options">The options, all that is said of the model or the layer.</param>
    /// <param name="layer">The layer, or null for the model.</param>
    /// <exception cref="CompilationException">Two of them do not go together.</exception>
    public static void Check(LayerOptions options, string? layer)
    {
        if (options.Clusters is not { } clusters) return;
        QuantizationMode stored = options.Quantization ?? QuantizationMode.Int8;
        if (clusters > Int8Values && stored is QuantizationMode.Int8 or QuantizationMode.WeightOnlyInt8)
        {
            throw OptionDiagnostics.Contradiction.Error(layer, nameof(options.Clusters), clusters, nameof(options.Quantization), stored,
                $"weights in int8 have {Int8Values} values", Int8Values);
        }

        if (clusters < FewestWithZeros && options.Sparsity > 0)
        {
            throw OptionDiagnostics.Contradiction.Error(layer, nameof(options.Clusters), clusters, nameof(options.Sparsity),
                options.Sparsity, "one value is zero, and weights of both signs need two more", FewestWithZeros);
        }
    }

    /// <summary>Checks the options of every layer that has weights.</summary>
    /// <param name="graph">The graph, simplified.</param>
    /// <param name="context">The options and the recipe.</param>
    /// <exception cref="CompilationException">Two options of a layer do not go together.</exception>
    public static void CheckLayers(Graph graph, PassContext context)
    {
        foreach (Node node in graph.Nodes)
        {
            if (Operator.Find(node)?.Quantization == QuantizationRule.Weighted) Check(context.OptionsOf(node), node.Label);
        }
    }
}
