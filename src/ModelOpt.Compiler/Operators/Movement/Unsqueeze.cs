using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Operators.Movement;

/// <summary>Inserts axes of size 1, at the positions that input 1 gives in terms of the result.</summary>
internal sealed class Unsqueeze : ReshapeOperator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 11, OpsetStep.ToInputs(13, ("axes", 1)), 21, 23, 24, 25];

    public override Arity Arity => new(2, 2);

    public override void InferShapes(Node node)
    {
        long[] axes = node.ConstantInts(1, "axes") ?? throw GraphDiagnostics.MissingInput.Error(node.Label, Type, 1);
        Shape result = Insert(node, node.ShapeOf(0), axes);
        node.Define(0, node.Input(0).Type, result, result.Rank <= 1 ? ShapeContents.Of(node.Input(0)) : null);
    }

    public override void Forward(ForwardContext context)
    {
        Tensor input = context.Input(0);
        long[] axes = context.Node.Ints(context.Input(1), "axes");
        context.Output = input.Reshape(Insert(context.Node, input.Shape, axes).ToSizes()!);
    }

    private static Shape Insert(Node node, Shape shape, long[] axes)
    {
        var dims = new Dim?[shape.Rank + axes.Length];
        foreach (int axis in node.Axes(axes, dims.Length)) dims[axis] = 1;
        int next = 0;
        return new Shape(dims.Select(dim => dim ?? shape[next++]));
    }
}
