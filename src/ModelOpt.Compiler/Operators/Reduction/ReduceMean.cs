using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Elementwise;

namespace ModelOpt.Compiler.Operators.Reduction;

/// <summary>The mean over the axes of attribute <c>axes</c> (all where absent), kept as 1 with <c>keepdims</c>.</summary>
internal sealed class ReduceMean : Operator, IDifferentiable
{
    public override string Type => "ReduceMean";

    public override QuantizationRule Quantization => QuantizationRule.Elementwise;

    public override int DataInputs => 1;

    public override IEnumerable<AxisRoute> Axes(Node node) => AxisRoutes.Reduced(node, Axes(node, node.ShapeOf(0).Rank), Keep(node));

    public override OperatorTraits Traits(Node node) => OperatorTraits.Homogeneous;

    public override void Normalize(Graph graph, Node node, int opset)
    {
        if (opset >= 18 && node.InputOrNull(1) is null) Take(node, []);
    }

    /// <summary>The form before opset 18, which the graph has: axes are an attribute.</summary>
    private static void Take(Node node, long[] axes)
    {
        node.TruncateInputs(1);
        if (axes.Length > 0)
        {
            node.Attributes["axes"] = axes;
            node.Attributes.Remove("noop_with_empty_axes");
        }
        else if (node.Int("noop_with_empty_axes", 0) == 0)
            node.Attributes.Remove("noop_with_empty_axes");
    }

    public override int MinimumOpset(Node node) => IsNoOp(node) ? 18 : Graph.Opset;

    /// <summary>Whether the node passes its input on (opset 18: no axes, and <c>noop_with_empty_axes</c>).</summary>
    /// <param name="node">The node.</param>
    public static bool IsNoOp(Node node) => node.Int("noop_with_empty_axes", 0) != 0;

    public override void InferShapes(Node node)
    {
        if (node.InputOrNull(1) is not null) Take(node, node.ConstantInts(1, "axes")!);
        ElementType type = node.CommonType();
        Shape x = node.ShapeOf(0);
        int[] axes = Axes(node, x.Rank);
        bool keep = Keep(node);
        node.Define(0, type, new Shape(x
            .Select((d, i) => axes.Contains(i) ? 1 : d)
            .Where((_, i) => keep || !axes.Contains(i))));
    }

    public override void Forward(ForwardContext context)
    {
        Tensor x = context.Input(0);
        context.Output = MeanReduction.Mean(context.Node, x, Axes(context.Node, x.Rank), Keep(context.Node));
    }

    /// <inheritdoc/>
    public void Backward(BackwardContext context) =>
        MeanReduction.Backward(context, Axes(context.Node, context.Input(0).Rank), divide: true);

    public override void Lower(Lowering context, Node node)
    {
        int[] axes = Axes(node, node.ShapeOf(0).Rank);
        if (axes.Length == 0) context.Alias(node.Output, node.Input(0));
        else MeanReduction.Lower(context, node, axes, Keep(node));
    }

    private static bool Keep(Node node) => node.Int("keepdims", 1) != 0;

    private static int[] Axes(Node node, int rank) =>
        IsNoOp(node) ? []
        : node.Ints("axes") is { Length: > 0 } axes ? node.Axes(axes, rank)
        : [.. Enumerable.Range(0, rank)];
}
