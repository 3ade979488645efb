using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Reduction;

/// <summary>The sum over the axes of input 1 (all, or with <c>noop_with_empty_axes</c> none, where absent or empty).</summary>
internal sealed class ReduceSum() : ReduceOperator(BuiltinOperator.Sum), IDifferentiable
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 11, OpsetStep.ToInputs(13, ("axes", 1))];

    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override OperatorTraits Traits(Node node) => OperatorTraits.Homogeneous;

    protected override int InputOpset => 13;

    public override void Forward(ForwardContext context)
    {
        Tensor x = context.Input(0);
        context.Output = MeanReduction.Sum(
            context.Node, x, ReducedAxes.Of(context.Node, x.Rank, context.InputOrNull(1)), ReducedAxes.Keep(context.Node));
    }

    public void Backward(BackwardContext context) => MeanReduction.Backward(
        context, ReducedAxes.Of(context.Node, context.Input(0).Rank, context.InputOrNull(1)), divide: false);
}
