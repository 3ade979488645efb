using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Movement;

/// <summary>Drops axes of size 1: those that input 1 names, or all.</summary>
internal sealed class Squeeze : ReshapeOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 11, OpsetStep.ToInputs(13, ("axes", 1)), 21, 23, 24, 25];

    public override Arity Arity => new(1, 2);

    public override void InferShapes(Node node)
    {
        Shape shape = node.ShapeOf(0);
        long[]? axes = node.ConstantInts(1, "axes");
        if (axes is null && shape.Any(d => !d.IsKnown))
            throw GraphDiagnostics.UnsupportedForm.Error(
                node.Label, Type, $"it has no axes, and the shape {shape} has sizes that are open and may be 1");
        bool[] dropped = Dropped(node, shape, axes);
        node.Define(
            0, node.Input(0).Type, new Shape(shape.Where((_, axis) => !dropped[axis])), ShapeContents.Of(node.Input(0)));
    }

    public override void Forward(ForwardContext context)
    {
        Tensor input = context.Input(0);
        long[]? axes = context.InputOrNull(1) is { } given ? context.Node.Ints(given, "axes") : null;
        bool[] dropped = Dropped(context.Node, input.Shape, axes);
        context.Output = input.Reshape([.. input.Dims.ToArray().Where((_, axis) => !dropped[axis])]);
    }

    public override void Lower(Lowering context, Node node)
    {
        Shape shape = node.ShapeOf(0);
        bool[] dropped = Dropped(node, shape, node.ConstantInts(1, "axes"));
        int[] axes = [.. Enumerable.Range(0, shape.Rank).Where(a => dropped[a])];
        // An open size may turn out not to be 1, which RESHAPE would take for the size of another axis.
        if (axes.All(a => shape[a].IsKnown))
            base.Lower(context, node);
        else
            context.Emit(
                BuiltinOperator.Squeeze, [context.Input(node, 0)], [context.Output(node, 0)],
                new VectorOptions(BuiltinOptionsType.Squeeze, axes));
    }

    public override void Narrow(Graph graph, Node node, AxisCut cut)
    {
        // Keeps an axis that only shrank to one element.
        if (node.InputOrNull(1) is not null) return;
        bool[] dropped = Dropped(node, node.ShapeOf(0), null);
        node.SetInput(1, graph.AddConstant($"{node.Label}_axes", Tensor.Vector<long>(
            [.. Enumerable.Range(0, dropped.Length).Where(a => dropped[a]).Select(a => (long)a)])));
    }

    private static bool[] Dropped(Node node, Shape shape, long[]? axes)
    {
        if (axes is null) return [.. shape.Select(dim => dim == (Dim)1)];
        var dropped = new bool[shape.Rank];
        foreach (int axis in node.Axes(axes, shape.Rank))
        {
            if (shape[axis].IsKnown && shape[axis].Size != 1)
                throw GraphDiagnostics.ShapeMismatch.Error(
                    node.Label, $"axis {axis} of {shape} is not 1, and cannot be dropped");
            dropped[axis] = true;
        }

        return dropped;
    }
}
