using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Control;

namespace ModelOpt.Compiler.Compile;

/// <summary>
/// Leaves out the branches of an If that do not take the sizes that the model is given: whoever took one would get an error. So a voice
/// detector for two sample rates, given the samples of one, is a model for that rate.
/// </summary>
internal static class FittingBranches
{
    /// <summary>Sets the conditions of which only one value fits.</summary>
    /// <param name="graph">The graph as read; it changes only where the sizes of all inputs are known, and do not fit as they are.</param>
    /// <param name="diagnostics">Takes the note that says so; may be null.</param>
    public static void Choose(Graph graph, IDiagnosticSink? diagnostics)
    {
        if (graph.Inputs.Exists(i => i.Shape is not { IsKnown: true })) return;
        while (Unfit(graph) is var (index, condition, refusal))
        {
            Node node = graph.Nodes[index];
            node.SetInput(0, graph.AddConstant($"{node.Label}/condition", Tensor.Scalar(condition)));
            diagnostics?.Report(GraphDiagnostics.BranchLeftOut.At(
                null, node.Label, condition ? "else_branch" : "then_branch", refusal.Message.TrimEnd('.'), condition));
        }
    }

    /// <summary>The first node that is refused, where that is an If of which one branch fits.</summary>
    private static (int Node, bool Condition, Diagnostic Refusal)? Unfit(Graph graph)
    {
        Graph copy = graph.Clone();
        for (int i = 0; i < copy.Nodes.Count; i++)
        {
            Node node = copy.Nodes[i];
            if (Refusal(node) is not { } refusal) continue;
            if (node.Type != "If" || node.Domain.Length > 0 || If.Known(node) is not null) return null;
            bool[] fitting = [.. new[] { true, false }.Where(condition =>
            {
                node.SetInput(0, copy.AddConstant("condition", Tensor.Scalar(condition)));
                return Refusal(node) is null;
            })];
            return fitting is [var only] ? (i, only, refusal) : null;
        }

        return null;
    }

    private static Diagnostic? Refusal(Node node)
    {
        try
        {
            ShapeInference.Infer(node);
            return null;
        }
        catch (CompilationException e)
        {
            return e.Diagnostic;
        }
    }
}
