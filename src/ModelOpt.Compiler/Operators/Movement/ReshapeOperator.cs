using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Operators.Movement;

/// <summary>An operator that gives the elements of input 0 another shape.</summary>
internal abstract class ReshapeOperator : Operator, IDifferentiable
{
    public sealed override QuantizationRule Quantization => QuantizationRule.SharesInput;

    public sealed override int DataInputs => 1;

    public sealed override OperatorTraits Traits(Node node) => OperatorTraits.Moves | OperatorTraits.Homogeneous;

    public sealed override IEnumerable<AxisRoute> Axes(Node node) =>
        AxisRoutes.Reshaped(node.ShapeOf(0), node.Output.Shape!, node.InputOrNull(1) is { IsConstant: false });

    public void Backward(BackwardContext context) =>
        context.Gradients[0] = context.OutputGradient.Reshape(context.Input(0).Dims);

    public override bool TakesComputedSizes(Node node) => true;

    public override void Lower(Lowering context, Node node) => context.Reshape(node, node.Output, node.Input(0));
}
