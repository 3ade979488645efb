using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Reduction;

/// <summary>The mean over the axes of input 1 (all, or with <c>noop_with_empty_axes</c> none, where absent or empty).</summary>
internal sealed class ReduceMean() : ReduceOperator(BuiltinOperator.Mean), IDifferentiable
{
    public override QuantizationRule Quantization => QuantizationRule.Elementwise;

    public override OperatorTraits Traits(Node node) => OperatorTraits.Homogeneous;

    public override void Forward(ForwardContext context)
    {
        Tensor x = context.Input(0);
        context.Output = MeanReduction.Mean(
            context.Node, x, ReducedAxes.Of(context.Node, x.Rank, context.InputOrNull(1)), ReducedAxes.Keep(context.Node));
    }

    public void Backward(BackwardContext context) => MeanReduction.Backward(
        context, ReducedAxes.Of(context.Node, context.Input(0).Rank, context.InputOrNull(1)), divide: true);
}
