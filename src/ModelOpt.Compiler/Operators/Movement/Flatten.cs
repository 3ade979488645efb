using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Operators.Movement;

/// <summary>A matrix: the axes before <c>axis</c> are its rows, the others its columns.</summary>
internal sealed class Flatten : ReshapeOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 9, 11, 13, 21, 23, 24, 25];

    public override Arity Arity => new(1, 1);

    public override void InferShapes(Node node) =>
        node.Define(0, node.Input(0).Type, Matrix(node, node.ShapeOf(0)));

    public override void Forward(ForwardContext context)
    {
        Tensor input = context.Input(0);
        context.Output = input.Reshape(context.Node.Sizes(Matrix(context.Node, input.Shape)));
    }

    private static Shape Matrix(Node node, Shape shape)
    {
        long axis = node.Int("axis", 1);
        if (axis < -shape.Rank || axis > shape.Rank)
            throw GraphDiagnostics.InvalidAttribute.Error(node.Label, "axis", $"is {axis}, but the rank is {shape.Rank}");
        int rows = (int)(axis < 0 ? axis + shape.Rank : axis);
        return new Shape(Dim.Product(shape.Take(rows)), Dim.Product(shape.Skip(rows)));
    }
}
