using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Elementwise;

namespace ModelOpt.Compiler.Operators.Reduction;

/// <summary>The mean over the axes of input 1 (all, or with <c>noop_with_empty_axes</c> none, where absent or empty).</summary>
internal sealed class ReduceMean : Operator, IDifferentiable
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 11, 13, OpsetStep.ToInputs(18, ("axes", 1))];

    public override string Type => "ReduceMean";

    public override Arity Arity => new(1, 2);

    public override QuantizationRule Quantization => QuantizationRule.Elementwise;

    public override int DataInputs => 1;

    public override IEnumerable<AxisRoute> Axes(Node node) => AxisRoutes.Reduced(node, ReducedAxes.Of(node), ReducedAxes.Keep(node));

    public override OperatorTraits Traits(Node node) => OperatorTraits.Homogeneous;

    public override int MinimumOpset(Node node) => ReducedAxes.IsNoOp(node) ? 18 : Graph.WrittenOpset;

    public override void Downgrade(Node node, int opset, List<Value?> inputs, IDictionary<string, object> attributes)
    {
        if (opset < 18) ReducedAxes.ToAttribute(node, inputs, attributes);
    }

    public override void InferShapes(Node node) => node.Define(0, node.CommonType(), ReducedAxes.Shape(node));

    public override void Forward(ForwardContext context)
    {
        Tensor x = context.Input(0);
        context.Output = MeanReduction.Mean(
            context.Node, x, ReducedAxes.Of(context.Node, x.Rank, context.InputOrNull(1)), ReducedAxes.Keep(context.Node));
    }

    /// <inheritdoc/>
    public void Backward(BackwardContext context) => MeanReduction.Backward(
        context, ReducedAxes.Of(context.Node, context.Input(0).Rank, context.InputOrNull(1)), divide: true);

    public override void Lower(Lowering context, Node node)
    {
        int[] axes = ReducedAxes.Of(node);
        if (axes.Length == 0) context.Alias(node.Output, node.Input(0));
        else MeanReduction.Lower(context, node, axes, ReducedAxes.Keep(node));
    }
}
