using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Movement;

namespace ModelOpt.Compiler.Techniques.Quantize;

/// <summary>
/// Finds Concats whose inputs have such different ranges that one grid leaves the narrow ones hardly any steps, such as scores beside box
/// coordinates, and Pads with a number as far from their input. Such a node and the nodes that compute from it stay in float, and its
/// inputs keep grids of their own. If a layer with weights reads it, that layer needs one grid anyway: the node stays in int8, and a
/// warning names it.
/// </summary>
internal static class WideConcats
{
    /// <summary>How many times as wide as another a range may be: of 256 steps, the narrow one then has 16.</summary>
    public const float MostApart = 16;

    /// <summary>Why a Concat or Pad, or a node that computes from it, stays in float.</summary>
    public const string Reason = "the ranges that a Concat or Pad joins differ by more than 16 times";

    /// <summary>Finds them.</summary>
    /// <param name="scheme">The layers to quantize if none stays in float.</param>
    /// <param name="ranges">The range of each activation that a Concat or Pad of the scheme reads.</param>
    /// <returns>The nodes to leave in float.</returns>
    public static HashSet<Node> Find(Graph graph, QuantizationScheme scheme, Func<Value, ValueRange> ranges, IDiagnosticSink diagnostics)
    {
        HashSet<Node> inFloat = [], quantized = [.. scheme.Nodes];
        foreach (Node concat in scheme.Nodes.Where(n => IntegerForm.IsMover(n) && IntegerForm.Sources(n).Skip(1).Any()))
        {
            float[] widths = Widths(concat, ranges);
            if (widths.Length == 0 || !AreApart(widths.Min(), widths.Max())) continue;
            HashSet<Node> readers = [concat];
            Node? layer = Follow(graph, concat, quantized, readers);
            if (layer is null) inFloat.UnionWith(readers);
            else diagnostics.Report(RecipeDiagnostics.WideConcat.At(null, concat.Label, widths.Min(), widths.Max(), layer.Label));
        }

        return inFloat;
    }

    /// <summary>The widths of the ranges that a Concat or Pad joins, without those that are always zero.</summary>
    /// <param name="node">The Concat or Pad.</param>
    /// <param name="ranges">The range of each activation that it reads.</param>
    public static float[] Widths(Node node, Func<Value, ValueRange> ranges) => [.. IntegerForm.Sources(node)
        .Select(v => (v.Constant is { } c ? RangeOf(c) : ranges(v)).Width).Where(w => w > 0)];

    /// <summary>Whether one grid is too coarse for the narrower of two ranges.</summary>
    public static bool AreApart(float narrow, float wide) => wide > MostApart * narrow;

    /// <summary>Collects the nodes that compute from a node in int8, up to a layer with weights.</summary>
    /// <returns>Such a layer, or null.</returns>
    private static Node? Follow(Graph graph, Node node, HashSet<Node> quantized, HashSet<Node> readers)
    {
        foreach (Node reader in IntegerForm.Results(graph, node).SelectMany(v => v.Consumers).Where(quantized.Contains))
        {
            if (Operator.Of(reader).Quantization == QuantizationRule.Weighted) return reader;
            if (readers.Add(reader) && Follow(graph, reader, quantized, readers) is { } layer) return layer;
        }

        return null;
    }

    private static ValueRange RangeOf(Tensor constant)
    {
        ValueRange range = new(0, 0);
        foreach (float value in constant.Span<float>()) range = range.Union(new(value, value));
        return range;
    }
}
