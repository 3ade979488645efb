using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Simplify;

/// <summary>Removes nodes whose output is their input: Identity, Dropout, and others where they change nothing.</summary>
internal sealed class IdentityRemoval : Pass
{
    /// <inheritdoc/>
    public override PassPhase Phase => PassPhase.Simplify;

    /// <inheritdoc/>
    public override PassResult Apply(Graph graph, PassContext context)
    {
        int changes = 0;
        foreach (Node node in graph.Nodes.ToArray())
        {
            if (!IsIdentity(graph, node)) continue;
            Value input = node.Input(0);
            if (!graph.CanReplaceUses(node.Output, input)) continue;
            graph.ReplaceUses(node.Output, input);
            graph.Remove(node);
            changes++;
        }

        return PassResult.Of(changes);
    }

    private static bool IsIdentity(Graph graph, Node node)
    {
        if (node.InputOrNull(0) is not { } input || input.Type != node.Output.Type) return false;
        if (node.Outputs.Skip(1).Any(o => o is not null && (o.Consumers.Count > 0 || graph.IsOutput(o)))) return false;
        // An annotated output rounds where the input does not.
        if (node.Output.Quantization is { } grid && !grid.Equals(input.Quantization)) return false;
        return node.Type switch
        {
            "Identity" or "Dropout" or "Cast" => true,
            "Reshape" or "Flatten" or "Squeeze" or "Unsqueeze" => SameShape(input, node.Output),
            "Transpose" => node.Ints("perm") is { } perm && perm.Select((axis, i) => axis == i).All(same => same),
            // A Slice that leaves every known size as it is takes all of it, or runs backwards.
            "Slice" => SameShape(input, node.Output) && input.Shape!.IsKnown && StepsAreForward(node),
            "Pad" => node.InputOrNull(1)?.Constant is { } pads && Array.TrueForAll(pads.ToInt64s(), p => p == 0),
            "Concat" or "Split" => node.Inputs.Count(i => i?.Type == input.Type) == 1 && SameShape(input, node.Output),
            _ => false,
        };
    }

    private static bool StepsAreForward(Node slice) =>
        slice.InputOrNull(4) is not { } steps || steps.Constant is { } known && Array.TrueForAll(known.ToInt64s(), s => s > 0);

    /// <summary>Equal shapes; a symbol equals itself only, an unknown size nothing.</summary>
    private static bool SameShape(Value a, Value b) =>
        a.Shape is { } shape && shape.Equals(b.Shape) && shape.All(d => d.IsKnown || d.Symbol is not null);
}
