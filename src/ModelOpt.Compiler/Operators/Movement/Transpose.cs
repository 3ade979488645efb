using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Operators.Movement;

/// <summary>Axis i of the result is axis <c>perm[i]</c> of the input; without <c>perm</c> the axes are reversed.</summary>
internal sealed class Transpose : Operator, IDifferentiable
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 13, 21, 23, 24, 25];

    public override Arity Arity => new(1, 1);

    public override QuantizationRule Quantization => QuantizationRule.SharesInput;

    public override int DataInputs => 1;

    public override IEnumerable<AxisRoute> Axes(Node node) => Permutation(node, node.ShapeOf(0).Rank)
        .Select((axis, i) => new AxisRoute(AxisPlace.In(0, axis), AxisPlace.Out(0, i)));

    public override OperatorTraits Traits(Node node) => OperatorTraits.Moves | OperatorTraits.Homogeneous;

    /// <summary>The axis of the input that each axis of the result is.</summary>
    public static int[] Permutation(Node node, int rank)
    {
        if (node.Ints("perm") is not { } given) return [.. Enumerable.Range(0, rank).Reverse()];
        int[] perm = node.Axes(given, rank);
        return perm.Length == rank ? perm : throw GraphDiagnostics.InvalidAttribute.Error(
            node.Label, "perm", $"names {perm.Length} axes, but the rank is {rank}");
    }

    public override void InferShapes(Node node)
    {
        Shape shape = node.ShapeOf(0);
        IReadOnlyList<Dim>? content = shape.Rank <= 1 ? ShapeContents.Of(node.Input(0)) : null;
        node.Define(0, node.Input(0).Type, new Shape(Permutation(node, shape.Rank).Select(axis => shape[axis])), content);
    }

    public override void Forward(ForwardContext context)
    {
        Tensor input = context.Input(0);
        context.Output = DataMovement.Transpose(context.Node, input, Permutation(context.Node, input.Rank));
    }

    public void Backward(BackwardContext context)
    {
        int[] order = Permutation(context.Node, context.Input(0).Rank), back = new int[order.Length];
        for (int i = 0; i < order.Length; i++) back[order[i]] = i;
        context.Gradients[0] = DataMovement.Transpose(context.Node, context.OutputGradient, back);
    }

    public override bool TakesComputedSizes(Node node) => true;

    public override void Lower(Lowering context, Node node) =>
        context.Alias(node.Output, node.Input(0), Permutation(node, node.ShapeOf(0).Rank));
}
