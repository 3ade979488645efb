using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;

namespace ModelOpt.Compiler.Operators.Pooling;

/// <summary>The mean of each channel of X [N, C, …], with the other axes kept as 1.</summary>
internal sealed class GlobalAveragePool : GlobalPool
{
    public override QuantizationRule Quantization => QuantizationRule.Elementwise;

    public override OperatorTraits Traits(Node node) => OperatorTraits.Homogeneous;

    public override void Forward(ForwardContext context)
    {
        Tensor x = context.Input(0);
        context.Output = MeanReduction.Mean(context.Node, x, [.. Enumerable.Range(2, x.Rank - 2)], keep: true);
    }

    public override void Backward(BackwardContext context) =>
        MeanReduction.Backward(context, [.. Enumerable.Range(2, context.Input(0).Rank - 2)], divide: true);

    public override bool TakesComputedSizes(Node node) => true;

    public override void Lower(Lowering context, Node node) =>
        MeanReduction.Lower(context, node, [.. Enumerable.Range(2, node.ShapeOf(0).Rank - 2)], keep: true);
}
