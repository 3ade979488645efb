using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Control;

namespace ModelOpt.Compiler.Compile;

/// <summary>
/// Leaves out the branches of an If that would change a rank, and that open sizes never take: exporters write one branch for each rank
/// that a squeezed value could have, though layers behind it take only one.
/// </summary>
internal static class SizedBranches
{
    // Sizes cost an inference each, where a model has such an If.
    private const int MostTried = 64;

    /// <summary>
    /// Sets conditions that follow from sizes and are the same at all sizes that the model takes, where the rank depends on them.
    /// </summary>
    /// <param name="graph">The graph as read, with examples of its open sizes.</param>
    /// <param name="diagnostics">Takes the note that says so; may be null.</param>
    public static void Choose(Graph graph, IDiagnosticSink? diagnostics)
    {
        if (graph.Examples.Count == 0) return;
        List<Graph>? taken = null;
        while (Unfit(graph) is var (index, refusal))
        {
            taken ??= [.. OpenSizes.Taken(graph, MostTried)];
            bool?[] conditions = [.. taken.Select(g => If.Known(Placed(g).ElementAt(index).Node)).Distinct()];
            if (conditions is not [bool condition]) return;
            (Graph owner, Node node) = Placed(graph).ElementAt(index);
            node.SetInput(0, owner.AddConstant($"{node.Label}/condition", Tensor.Scalar(condition)));
            diagnostics?.Report(GraphDiagnostics.BranchLeftOut.At(
                null, node.Label, condition ? "else_branch" : "then_branch", refusal.Message.TrimEnd('.'), condition));
        }
    }

    /// <summary>The If whose branches do not fit each other while sizes are open; its number among all nodes.</summary>
    private static (int Node, Diagnostic Refusal)? Unfit(Graph graph)
    {
        Graph copy = graph.Clone();
        try
        {
            ShapeInference.Run(copy);
            return null;
        }
        catch (CompilationException e)
        {
            // Nodes may share a name.
            int index = Placed(copy).ToList().FindIndex(
                p => p.Node.Type == "If" && p.Node.Label == e.Diagnostic.Layer && HasTwoRanks(p.Node));
            return index >= 0 && Placed(graph).ElementAt(index).Node.InputOrNull(0) is { IsConstant: false } ? (index, e.Diagnostic) : null;
        }
    }

    private static bool HasTwoRanks(Node node) => If.Branch(node, true).Outputs.Zip(If.Branch(node, false).Outputs)
        .Any(p => p.First.Shape is { } then && p.Second.Shape is { } other && then.Rank != other.Rank);

    /// <summary>All nodes, and the graph in which each lies.</summary>
    private static IEnumerable<(Graph Owner, Node Node)> Placed(Graph graph) =>
        graph.Nodes.SelectMany(n => n.Bodies.SelectMany(Placed).Prepend((graph, n)));
}
