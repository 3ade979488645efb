using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;

namespace ModelOpt.Compiler.Techniques.Quantize;

/// <summary>
/// Finds movers that bring a float value to int8 layers while other nodes read that value in float: a normalization's result, which a
/// residual sum reads too. They move it in float, and it is rounded behind them: the float nodes read what was computed.
/// </summary>
internal static class FloatSources
{
    /// <summary>Why a node is left in float.</summary>
    public const string Reason = "float nodes read the value that it moves";

    /// <summary>Finds them.</summary>
    /// <param name="scheme">The layers to quantize if none stays in float.</param>
    /// <returns>The movers to leave in float.</returns>
    public static HashSet<Node> Find(Graph graph, QuantizationScheme scheme)
    {
        HashSet<Node> found = [], quantized = [.. scheme.Nodes];
        foreach (Value value in scheme.Activations)
        {
            if (value.Producer is not { } producer || quantized.Contains(producer) || graph.IsOutput(value)) continue;
            Node[] integers = [.. value.Consumers.Where(quantized.Contains)];
            bool isRead = value.Consumers.Any(c => !quantized.Contains(c) && c.Outputs.Any(v => v?.Type == ElementType.Float32));
            bool isFused = value.Consumers.Any(c => FusedActivation.BoundsOf(c) is not null);
            if (isRead && !isFused && integers.All(IntegerForm.JoinsGrids)) found.UnionWith(integers);
        }

        return found;
    }
}
