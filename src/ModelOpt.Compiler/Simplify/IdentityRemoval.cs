using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Simplify;

/// <summary>Removes nodes whose output is their input: Identity, Dropout, and others where they change nothing.</summary>
internal sealed class IdentityRemoval : Pass
{
    public override PassPhase Phase => PassPhase.Simplify;

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
        Operator op = Operator.Of(node);
        if (!op.Traits(node).HasFlag(OperatorTraits.Moves) || node.Inputs.Take(op.DataInputs).Count(i => i is not null) > 1) return false;
        if (input.Shape is not { } shape || node.Output.Shape is not { } result) return false;
        if (!shape.Equals(result)) return false;
        AxisRoute[] routes = [.. op.Axes(node)];
        return Enumerable.Range(0, shape.Rank).All(a =>
            routes.Any(r => r.Keeps(false, 0, a) && r.Keeps(true, 0, a)) || (shape[a] == (Dim)1 && !routes.Any(r => Replaces(r, a))));
    }

    /// <summary>Whether an element of an output along an axis comes from none of the input, as in a Pad that takes one away.</summary>
    private static bool Replaces(AxisRoute route, int axis) =>
        Array.Exists(route.Places, p => p.IsOutput && p.Axis == axis && p.Labels is { } labels && labels.Contains(-1));
}
