using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Movement;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Simplify;

/// <summary>Lets a reshape of a reshape read the input of the first.</summary>
internal sealed class ReshapeMerging : Pass
{
    public override PassPhase Phase => PassPhase.Simplify;

    public override PassResult Apply(Graph graph, PassContext context)
    {
        int changes = 0;
        foreach (Node second in graph.Nodes.Where(IsReshape).ToArray())
        {
            if (second.Input(0) is not { Producer: { } first, Quantization: null } || !IsReshape(first)) continue;
            if (second.Output.Shape is not { } target || target.Count(d => !d.IsKnown) > 1 || target.Any(d => d.Size == 0)) continue;
            long[] sizes = [.. target.Select(d => d.Size)];
            Value output = second.Output;
            Value shape = graph.AddConstant($"{output.Name}_shape", Tensor.Vector<long>(sizes));
            Node merged = new("Reshape", second.Name, [first.Input(0), shape], []);
            graph.InsertBefore(second, merged);
            graph.Remove(second);
            merged.AddOutput(output);
            changes++;
        }

        return PassResult.Of(changes);
    }

    private static bool IsReshape(Node node) => Operator.Of(node) is ReshapeOperator;
}
