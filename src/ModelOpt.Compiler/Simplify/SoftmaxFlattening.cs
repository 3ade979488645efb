using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Movement;
using ModelOpt.Compiler.Operators.Normalization;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Simplify;

/// <summary>A Softmax over several axes, as it was before opset 13, becomes a Softmax of a matrix between two reshapes.</summary>
internal sealed class SoftmaxFlattening : Pass
{
    /// <inheritdoc/>
    public override PassPhase Phase => PassPhase.Simplify;

    /// <inheritdoc/>
    public override PassResult Apply(Graph graph, PassContext context)
    {
        int changes = 0;
        foreach (Node node in graph.Nodes.Where(n => n.Type == "Softmax" && n.Attributes.ContainsKey(Softmax.Flattens)).ToArray())
        {
            Value x = node.Input(0), y = node.Output;
            Shape shape = x.Shape!;
            // One size may be open.
            if (shape.Count(d => !d.IsKnown) > 1) continue;
            long axis = node.Int("axis", 1);
            Value matrix = Between("matrix", x), shares = Between("shares", y);
            graph.InsertBefore(node, new Node("Flatten", "", [x], [matrix]) { Attributes = { ["axis"] = axis } });
            node.SetInput(0, matrix);
            node.SetOutput(0, shares);
            node.Attributes.Remove(Softmax.Flattens);
            node.Attributes["axis"] = 1L;
            Value target = graph.AddConstant($"{node.Label}_shape", Tensor.Vector<long>([.. shape.Select(d => d.IsKnown ? d.Size : -1)]));
            graph.InsertAfter(node, new Node("Reshape", "", [shares, target], [y]) { Attributes = { ["allowzero"] = 1L } });
            changes++;

            Value Between(string stem, Value like) =>
                new(graph.UniqueName($"{node.Label}_{stem}"), like.Type) { Quantization = like.Quantization };
        }

        return PassResult.Of(changes);
    }
}
