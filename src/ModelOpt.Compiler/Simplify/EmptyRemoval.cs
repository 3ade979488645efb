using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Simplify;

/// <summary>
/// Makes constants of values without elements, which nobody need compute, and drops such operands of a Concat: TFLite's operators
/// do not take them.
/// </summary>
internal sealed class EmptyRemoval : Pass
{
    public override PassPhase Phase => PassPhase.Simplify;

    public override PassResult Apply(Graph graph, PassContext context)
    {
        int changes = 0;
        foreach (Node node in graph.Nodes.ToArray())
        {
            if (node.Type == "Concat" && DropEmpty(node)) changes++;
            if (!node.Outputs.All(o => o is null || (IsEmpty(o) && o.Shape!.IsKnown && !graph.IsOutput(o)))) continue;
            foreach (Value output in node.Outputs.OfType<Value>()) output.Constant = Tensor.Zeros(output.Type, output.Shape!.ToSizes());
            graph.Remove(node);
            changes++;
        }

        return PassResult.Of(changes);
    }

    private static bool DropEmpty(Node concat)
    {
        Value[] kept = [.. concat.Inputs.OfType<Value>().Where(v => !IsEmpty(v))];
        if (kept.Length == 0 || kept.Length == concat.Inputs.Count) return false;
        concat.TruncateInputs(0);
        for (int i = 0; i < kept.Length; i++) concat.SetInput(i, kept[i]);
        return true;
    }

    private static bool IsEmpty(Value value) => value.Shape!.Any(d => d == 0);
}
