using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;

namespace ModelOpt.Compiler.Operators.Movement;

/// <summary>Drops axes of size 1: those of input 1, or else all.</summary>
internal sealed class Squeeze : Operator, IDifferentiable
{
    public override string Type => "Squeeze";

    public override QuantizationRule Quantization => QuantizationRule.SharesInput;

    public override int DataInputs => 1;

    public override void Normalize(Graph graph, Node node, int opset) => node.AttributeToInput(graph, "axes", 1);

    public override void InferShapes(Node node)
    {
        Shape shape = node.ShapeOf(0);
        bool[] dropped = Dropped(node, shape, node.ConstantInts(1, "axes"));
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

    /// <inheritdoc/>
    public void Backward(BackwardContext context) =>
        context.Gradients[0] = context.OutputGradient.Reshape(context.Input(0).Dims);

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

    public override void Lower(Lowering context, Node node) => context.Reshape(node.Output, node.Input(0));
}
