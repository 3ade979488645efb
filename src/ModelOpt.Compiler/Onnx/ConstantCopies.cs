using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;

namespace ModelOpt.Compiler.Onnx;

/// <summary>
/// Reads constants in the place of their copies: exporters put an Identity between an initializer and a layer that shares it, and what
/// rewrites a layer, or reads its grid, looks for constants.
/// </summary>
internal static class ConstantCopies
{
    /// <summary>Replaces all copies that are no outputs.</summary>
    /// <param name="graph">The graph, sorted.</param>
    public static void Apply(Graph graph)
    {
        int changes = 0;
        foreach (Node node in graph.Nodes)
        {
            bool isCopy = node is { Type: "Identity", Domain.Length: 0, Inputs: [{ IsConstant: true }], Outputs: [not null] };
            if (!isCopy || graph.IsOutput(node.Output)) continue;
            graph.ReplaceUses(node.Output, node.Input(0));
            changes++;
        }

        if (changes > 0) UnreadRemoval.Apply(graph);
    }
}
