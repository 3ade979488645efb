using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Normalization;

/// <summary>
/// 1 for the first greatest element along attribute <c>axis</c>, 0 elsewhere. Before opset 13, it is the greatest of all axes from
/// <c>axis</c> on.
/// </summary>
internal sealed class Hardmax : Operator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 11, new(13, Softmax.Flatten)];

    public override Arity Arity => new(1, 1);

    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override int DataInputs => 1;

    public override OperatorTraits Traits(Node node) => OperatorTraits.HidesFarNumbers;

    public override IEnumerable<AxisRoute> Axes(Node node)
    {
        int rank = node.ShapeOf(0).Rank, axis = Axis(node, rank);
        return AxisRoutes.Kept(node, Enumerable.Range(0, rank).Where(a => a != axis));
    }

    public override void InferShapes(Node node)
    {
        ElementType type = node.CommonFloatType();
        Axis(node, node.ShapeOf(0).Rank);
        node.Define(0, type, node.ShapeOf(0));
    }

    public override void Forward(ForwardContext context)
    {
        Tensor x = context.Input(0), source = Casting.To(x, ElementType.Float64), y = context.Node.Allocate(ElementType.Float64, x.Dims);
        int axis = Axis(context.Node, x.Rank), size = x.Dims[axis], step = DataMovement.Count(x.Dims[(axis + 1)..]);
        ReadOnlySpan<double> from = source.As<double>();
        for (int line = 0; size > 0 && line < x.Count / size; line++)
        {
            int at = (line / step * step * size) + (line % step), best = at;
            for (int k = 1; k < size; k++) best = from[at + (k * step)] > from[best] ? at + (k * step) : best;
            y.As<double>()[best] = 1;
        }

        context.Output = Casting.To(y, x.Type);
    }

    public override void Lower(Lowering context, Node node)
    {
        int[] order = context.OrderOf(node.Input(0));
        int axis = Axis(node, order.Length);
        order = [.. order.Where(a => a != axis), axis];
        TfliteTensor x = context.Input(node, 0, order), y = context.Output(node, 0, order);
        if (x.Dims.Contains(0))
        {
            context.EmitReshape(x, y);
            return;
        }

        int last = order.Length - 1;
        TfliteTensor places = Lowering.Temporary(node, TensorType.Int32, [.. x.Dims.AsSpan(0, last)], x.OpenAxis);
        context.Emit(
            BuiltinOperator.ArgMax, [x, context.Constant("axis", Tensor.Scalar(last))], [places], new ArgOptions(true, TensorType.Int32));
        context.Emit(
            BuiltinOperator.OneHot,
            [
                places, context.Constant("depth", Tensor.Scalar(x.Dims[last])), context.Constant("on", Tensor.Scalar(1f)),
                context.Constant("off", Tensor.Scalar(0f)),
            ],
            [y], new OneHotOptions(last));
    }

    /// <summary>An older node becomes one of a matrix between reshapes.</summary>
    public override void Normalize(Graph graph, Node node)
    {
        if (!node.Attributes.Remove(Softmax.Flattens)) return;
        Value x = node.Input(0), y = node.Output, matrix = Fresh("matrix"), result = Fresh("result"), sizes = Fresh("sizes");
        graph.InsertBefore(node, new Node("Flatten", "", [x], [matrix]) { Attributes = { ["axis"] = node.Int("axis", 1) } });
        graph.InsertBefore(node, new Node("Shape", "", [x], [sizes]));
        node.Attributes["axis"] = 1L;
        node.SetInput(0, matrix);
        node.SetOutput(0, result);
        graph.InsertAfter(node, new Node("Reshape", "", [result, sizes], [y]) { Attributes = { ["allowzero"] = 1L } });

        Value Fresh(string stem) => new(graph.UniqueName($"{node.Label}_{stem}"));
    }

    private static int Axis(Node node, int rank) => node.Axis(node.Int("axis", -1), rank);
}
