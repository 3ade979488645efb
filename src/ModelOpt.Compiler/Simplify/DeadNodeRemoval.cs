using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Simplify;

/// <summary>Removes nodes that no output depends on, and optional outputs that nobody reads.</summary>
internal sealed class DeadNodeRemoval : Pass
{
    public override PassPhase Phase => PassPhase.Simplify;

    public override PassResult Apply(Graph graph, PassContext context) => PassResult.Of(UnreadRemoval.Apply(graph));
}
