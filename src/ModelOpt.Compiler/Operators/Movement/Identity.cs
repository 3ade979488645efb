using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Operators.Movement;

/// <summary>The input itself.</summary>
internal sealed class Identity : Operator, IDifferentiable
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 13, 14, 16, 19, 21, 23, 24, 25];

    public override Arity Arity => new(1, 1);

    public override QuantizationRule Quantization => QuantizationRule.SharesInput;

    public override int DataInputs => 1;

    public override IEnumerable<AxisRoute> Axes(Node node) => AxisRoutes.Kept(node);

    public override OperatorTraits Traits(Node node) => OperatorTraits.Moves | OperatorTraits.Homogeneous | OperatorTraits.Copies;

    public override void InferShapes(Node node) =>
        node.Define(0, node.Input(0).Type, node.Input(0).Shape, ShapeContents.Of(node.Input(0)));

    public override void Forward(ForwardContext context) => context.Output = context.Input(0);

    public void Backward(BackwardContext context) =>
        context.Gradients[0] = context.OutputGradient.Reshape(context.Input(0).Dims);

    public override bool TakesComputedSizes(Node node) => true;

    public override void Lower(Lowering context, Node node) => context.Alias(node.Output, node.Input(0));
}
