using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Reduction;

/// <summary>The greatest or least element over axes; see <see cref="ReduceMax"/> and <see cref="ReduceMin"/>.</summary>
internal abstract class ReduceExtreme(BuiltinOperator builtin) : ReduceOperator(builtin), IDifferentiable
{
    public sealed override IReadOnlyList<OpsetStep> Versions { get; } = [1, 11, 12, 13, OpsetStep.ToInputs(18, ("axes", 1)), 20];

    public override ElementKinds Takes(Node node) => ElementKinds.Any;

    public sealed override QuantizationRule Quantization => QuantizationRule.SharesInput;

    public sealed override OperatorTraits Traits(Node node) =>
        OperatorTraits.Moves | OperatorTraits.Homogeneous | OperatorTraits.HidesFarNumbers;

    public sealed override int MinimumOpset(Node node) => node.Input(0).Type == ElementType.Bool ? 20 : base.MinimumOpset(node);

    /// <summary>The gradient goes to the elements that are the result, in equal parts where there are several.</summary>
    public void Backward(BackwardContext context)
    {
        Tensor x = context.Input(0), dx = context.Zeros(x.Dims);
        int[] targets = ReductionSums.Targets(x, ReducedAxes.Of(context.Node, x.Rank, context.InputOrNull(1)));
        ReadOnlySpan<float> from = x.As<float>(), y = context.Output.As<float>(), dy = context.OutputGradient.As<float>();
        int[] winners = new int[y.Length];
        for (int i = 0; i < from.Length; i++) winners[targets[i]] += from[i] == y[targets[i]] ? 1 : 0;
        for (int i = 0; i < from.Length; i++)
            if (from[i] == y[targets[i]]) dx.As<float>()[i] = dy[targets[i]] / winners[targets[i]];
        context.Gradients[0] = dx;
    }
}
