using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;

namespace ModelOpt.Compiler.Techniques.Quantize;

/// <summary>
/// Finds Sigmoids, Softmaxes and Tanhs whose values span hardly any steps of the grid that TFLite prescribes, such as a Softmax over
/// hundreds of elements. Such a node computes in float, and its int8 readers have a grid from calibration.
/// </summary>
internal static class CoarseGrids
{
    /// <summary>Fewer steps of 256 are too few: as many as the narrow side of a Concat is left with.</summary>
    public const float FewestSteps = 256 / WideConcats.MostApart;

    /// <summary>Why a node is left in float.</summary>
    public const string Reason = "its values take fewer than 16 of the 256 steps that TFLite prescribes";

    /// <summary>Finds them.</summary>
    /// <param name="scheme">The layers to quantize if none stays in float.</param>
    /// <param name="ranges">The range of each activation of the scheme.</param>
    /// <returns>The nodes to leave in float.</returns>
    public static HashSet<Node> Find(Graph graph, QuantizationScheme scheme, Func<Value, ValueRange> ranges) =>
        [.. scheme.Nodes.Where(n => IntegerForm.Prescribed(n) is { } grid && IntegerForm.Results(graph, n).Select(ranges)
            .Any(r => r.Width > 0 && r.Width < FewestSteps * grid.Scale))];
}
