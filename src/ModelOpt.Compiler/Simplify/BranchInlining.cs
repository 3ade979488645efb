using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Control;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Simplify;

/// <summary>Puts the nodes of a branch in the place of an If whose condition is known: a constant, or computed from sizes.</summary>
internal sealed class BranchInlining : Pass
{
    public override PassPhase Phase => PassPhase.Simplify;

    public override PassResult Apply(Graph graph, PassContext context)
    {
        int changes = 0;
        foreach (Node node in graph.Nodes.ToArray())
        {
            if (node.Type != "If" || node.Domain.Length > 0 || If.Known(node) is not { } condition) continue;
            Graph branch = If.Branch(node, condition);
            Value[] results = BodySplice.Before(graph, node, branch, [.. node.Inputs.Skip(1).Select(v => v!)], node.Label);
            BodySplice.Replace(graph, node, results);
            changes++;
        }

        return PassResult.Of(changes);
    }
}
