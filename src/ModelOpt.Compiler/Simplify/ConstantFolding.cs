using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Movement;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Simplify;

/// <summary>
/// Computes nodes that depend on constants alone, or whose value shape inference knows: a Reshape's target computed from the input's
/// shape becomes a constant, with 0 or −1 for the open batch.
/// </summary>
internal sealed class ConstantFolding : Pass
{
    // A Pad or an Expand could make a small file large: all results together may exceed what they replace by this much.
    private const long MaxGrowth = 1 << 24;

    public override PassPhase Phase => PassPhase.Simplify;

    public override PassResult Apply(Graph graph, PassContext context)
    {
        HashSet<Value> outputs = [.. graph.Outputs];
        int changes = 0;
        long growth = MaxGrowth;
        foreach (Node node in graph.Nodes.ToArray())
        {
            if (node.Type == "Reshape" && FoldTarget(graph, node)) changes++;
            changes += FoldCaptures(node);
            if (node.Outputs.Any(o => o is not null && outputs.Contains(o))) continue;
            if (FoldContent(node) || (node.Inputs.All(i => i is null || i.IsConstant) && Compute(node, ref growth)))
            {
                graph.Remove(node);
                changes++;
            }
        }

        return PassResult.Of(changes);
    }

    private static bool FoldContent(Node node)
    {
        if (node.Outputs is not [{ } output] || ShapeContents.Tensor(output) is not { } tensor) return false;
        output.Constant = tensor;
        return true;
    }

    private static bool Compute(Node node, ref long growth)
    {
        // A body may run without end.
        if (node.Bodies.Any() || Operator.IsRandom(node) || node.Inputs.Any(i => i?.Quantization is not null)) return false;
        if (node.Outputs.Any(o => o?.Shape is not { IsKnown: true })) return false;
        long result = node.Outputs.Sum(o => o!.Shape!.Aggregate(1L, (n, d) => n * d.Size));
        long more = result - node.Inputs.Sum(i => (long)(i?.Constant!.Count ?? 0));
        if (more > growth) return false;
        growth -= Math.Max(0, more);
        ForwardContext context = new(node, [.. node.Inputs.Select(i => i?.Constant)]);
        Guard.Run(node, () => Operator.Of(node).Forward(context));
        for (int i = 0; i < node.Outputs.Count; i++)
        {
            if (node.Outputs[i] is not { } output) continue;
            // A pair behind it rounds it; as a constant it is rounded once and for all.
            output.Constant = output.Quantization is { } grid ? grid.Round(context.Outputs[i]!) : context.Outputs[i];
            output.Shape = output.Constant!.Shape;
            output.Type = output.Constant.Type;
        }

        return true;
    }

    /// <summary>A captured value that became a constant is one of each body from now on.</summary>
    private static int FoldCaptures(Node node)
    {
        int changes = 0;
        for (int i = 1; i <= node.Captures; i++)
        {
            if (node.Inputs[^i]!.Constant is not { } constant) continue;
            foreach (Graph body in node.Bodies.Where(b => b.Inputs[^i].Consumers.Count > 0))
            {
                body.ReplaceUses(body.Inputs[^i], body.AddConstant(body.Inputs[^i].Name, constant));
                changes++;
            }
        }

        return changes;
    }

    private static bool FoldTarget(Graph graph, Node reshape)
    {
        if (reshape.Input(1) is not { IsConstant: false, ShapeContent: { } content } target
            || reshape.Int("allowzero", 0) != 0) return false;
        Shape? data = reshape.Input(0).Shape;
        long[] sizes = new long[content.Count];
        bool open = content.Any(d => d.Number() == -1);
        for (int i = 0; i < sizes.Length; i++)
        {
            if (content[i].Number() is { } number) sizes[i] = number;
            else if (data is not null && i < data.Rank && content[i].Symbol is not null && data[i] == content[i]) sizes[i] = 0;
            else if (!open) (sizes[i], open) = (-1, true);
            else return false;
        }

        reshape.SetInput(1, graph.AddConstant(target.Name, Tensor.Vector<long>(sizes)));
        return true;
    }
}
