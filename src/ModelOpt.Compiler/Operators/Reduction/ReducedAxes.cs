using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;

namespace ModelOpt.Compiler.Operators.Reduction;

/// <summary>
/// The axes that a node reduces: those of input 1; all where it is absent or empty, or none with <c>noop_with_empty_axes</c>. With
/// <c>keepdims</c> they stay, with size 1.
/// </summary>
internal static class ReducedAxes
{
    /// <summary>The axes, counted from the front.</summary>
    /// <param name="rank">The rank of input 0.</param>
    /// <param name="given">Input 1; null where it is absent.</param>
    public static int[] Of(Node node, int rank, Tensor? given) =>
        given is { Count: > 0 } ? node.Axes(node.Ints(given, "axes"), rank)
        : node.Int("noop_with_empty_axes", 0) != 0 ? []
        : [.. Enumerable.Range(0, rank)];

    /// <summary>The axes, counted from the front.</summary>
    public static int[] Of(Node node)
    {
        node.ConstantInts(1, "axes");
        return Of(node, node.ShapeOf(0).Rank, node.InputOrNull(1) is { } axes ? ShapeContents.Tensor(axes) : null);
    }

    /// <summary>Whether a node passes its input on.</summary>
    public static bool IsNoOp(Node node) =>
        node.Int("noop_with_empty_axes", 0) != 0 && node.ConstantInts(1, "axes") is not { Length: > 0 };

    /// <summary>Whether the axes stay.</summary>
    public static bool Keep(Node node) => node.Int("keepdims", 1) != 0;

    /// <summary>Writes a node whose axes are an attribute in the opset to be written.</summary>
    public static void ToAttribute(Node node, List<Value?> inputs, IDictionary<string, object> attributes)
    {
        if (node.ConstantInts(1, "axes") is { Length: > 0 } axes) attributes["axes"] = axes;
        if (inputs.Count > 1) inputs.RemoveAt(1);
        attributes.Remove("noop_with_empty_axes");
    }

    /// <summary>The shape of the result.</summary>
    /// <param name="node">The node, with the shape of input 0.</param>
    public static Shape Shape(Node node)
    {
        int[] axes = Of(node);
        IEnumerable<Dim> kept = node.ShapeOf(0).Select((d, i) => axes.Contains(i) ? 1 : d);
        return new Shape(Keep(node) ? kept : kept.Where((_, i) => !axes.Contains(i)));
    }
}
