using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Reduction;

/// <summary>The sum over the axes of input 1 (all, or with <c>noop_with_empty_axes</c> none, where absent or empty).</summary>
internal sealed class ReduceSum : Operator, IDifferentiable
{
    public override string Type => "ReduceSum";

    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override int DataInputs => 1;

    public override IEnumerable<AxisRoute> Axes(Node node) => AxisRoutes.Reduced(
        node, AxesOf(node, node.ShapeOf(0).Rank, node.ConstantInts(1, "axes")), Keep(node));

    public override OperatorTraits Traits(Node node) => OperatorTraits.Homogeneous;

    public override void Normalize(Graph graph, Node node, int opset) => node.AttributeToInput(graph, "axes", 1);

    public override void InferShapes(Node node)
    {
        Shape x = node.ShapeOf(0);
        int[] axes = AxesOf(node, x.Rank, node.ConstantInts(1, "axes"));
        IEnumerable<Dim> kept = x.Select((d, i) => axes.Contains(i) ? 1 : d);
        node.Define(0, node.Input(0).Type, new Shape(Keep(node) ? kept : kept.Where((_, i) => !axes.Contains(i))));
    }

    public override void Forward(ForwardContext context)
    {
        Tensor x = context.Input(0);
        int[] axes = AxesOf(context.Node, x.Rank, context.InputOrNull(1));
        context.Output = MeanReduction.Sum(context.Node, x, axes, Keep(context.Node));
    }

    /// <inheritdoc/>
    public void Backward(BackwardContext context) => MeanReduction.Backward(
        context, AxesOf(context.Node, context.Input(0).Rank, context.InputOrNull(1)), divide: false);

    public override void Lower(Lowering context, Node node)
    {
        int[] axes = AxesOf(node, node.ShapeOf(0).Rank, node.ConstantInts(1, "axes"));
        if (axes.Length == 0) context.Alias(node.Output, node.Input(0));
        else MeanReduction.Lower(context, node, axes, Keep(node), BuiltinOperator.Sum);
    }

    private static int[] AxesOf(Node node, int rank, Tensor? given) =>
        AxesOf(node, rank, given is null ? null : node.Ints(given, "axes"));

    private static bool Keep(Node node) => node.Int("keepdims", 1) != 0;

    private static int[] AxesOf(Node node, int rank, long[]? given) =>
        given is { Length: > 0 } ? node.Axes(given, rank)
        : node.Int("noop_with_empty_axes", 0) != 0 ? []
        : [.. Enumerable.Range(0, rank)];
}
