using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Normalization;

/// <summary>
/// 1 for the first greatest element along attribute <c>axis</c>, 0 elsewhere. Before opset 13, it is the greatest of all axes from
/// <c>axis</c> on.
/// </summary>
internal sealed class Hardmax : AxisNormalization
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 11, new(13, Softmax.Flatten)];

    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override OperatorTraits Traits(Node node) => OperatorTraits.HidesFarNumbers;

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

    public override bool TakesComputedSizes(Node node) => node.ShapeOf(0)[Axis(node, node.ShapeOf(0).Rank)].IsKnown;

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

    public override void Normalize(Graph graph, Node node)
    {
        if (node.Attributes.ContainsKey(Softmax.Flattens)) Softmax.FlattenOpen(graph, node);
    }
}
