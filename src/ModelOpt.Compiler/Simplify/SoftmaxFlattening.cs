using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Normalization;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Simplify;

/// <summary>A Softmax over several axes, as it was before opset 13, becomes a Softmax of a matrix between two reshapes.</summary>
internal sealed class SoftmaxFlattening : Pass
{
    public override PassPhase Phase => PassPhase.Simplify;

    public override PassResult Apply(Graph graph, PassContext context)
    {
        int changes = 0;
        foreach (Node node in graph.Nodes.Where(n => n.Type == "Softmax" && n.Attributes.ContainsKey(Softmax.Flattens)).ToArray())
        {
            Shape shape = node.ShapeOf(0);
            // One size may be open.
            if (shape.Count(d => !d.IsKnown) > 1) continue;
            Value sizes = graph.AddConstant($"{node.Label}_shape", Tensor.Vector<long>([.. shape.Select(d => d.IsKnown ? d.Size : -1)]));
            Softmax.ToMatrix(graph, node, sizes);
            changes++;
        }

        return PassResult.Of(changes);
    }
}
