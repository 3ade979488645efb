using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Operators.Contract;

/// <summary>The bounds that TFLite can fuse into the operator before them.</summary>
internal enum ActivationBounds
{
    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>min(max(x, 0), 6).</summary>
    Relu6,

    /// <summary>min(max(x, −1), 1).</summary>
    ReluN1To1,
}

/// <summary>
/// Finds the Relu or Clip that becomes part of the operator before it. The value between the two is never stored, so it is
/// neither quantized nor written.
/// </summary>
internal static class FusedActivation
{
    /// <summary>The activation that is fused into a node.</summary>
    /// <returns>The Relu or Clip node, or null.</returns>
    public static Node? Of(Graph graph, Node node)
    {
        if (!Operator.Of(node).Traits(node).HasFlag(OperatorTraits.TakesActivation)) return null;
        if (node.Output is not { Type: ElementType.Float32, Quantization: null, Consumers: [{ } next] } output) return null;
        return !graph.IsOutput(output) && BoundsOf(next) is not null ? next : null;
    }

    /// <summary>The bounds that a node sets, where they can be fused.</summary>
    /// <returns>The bounds, or null where the node is no such Relu or Clip.</returns>
    public static ActivationBounds? BoundsOf(Node node) => (node.Type, Bound(node, 1), Bound(node, 2)) switch
    {
        ("Relu", _, _) => ActivationBounds.Relu,
        ("Clip", 0, 6) => ActivationBounds.Relu6,
        ("Clip", -1, 1) => ActivationBounds.ReluN1To1,
        ("Clip", 0, null) when node.InputOrNull(2) is null => ActivationBounds.Relu,
        _ => null,
    };

    private static float? Bound(Node node, int index) =>
        node.InputOrNull(index)?.Constant is { Type: ElementType.Float32, Count: 1 } bound ? bound.Span<float>()[0] : null;
}
