using System.Numerics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Reduction;

/// <summary>
/// Where along attribute <c>axis</c> the greatest or least element is, as int64: the first of equal ones, or the last with
/// <c>select_last_index</c>.
/// </summary>
internal abstract class ArgExtreme(BuiltinOperator builtin) : Operator
{
    public sealed override IReadOnlyList<OpsetStep> Versions { get; } = [1, 11, 12, 13];

    public sealed override Arity Arity => new(1, 1);

    public override ElementKinds Takes(Node node) => ElementKinds.Numbers;

    public sealed override QuantizationRule Quantization => QuantizationRule.Float;

    public sealed override int DataInputs => 1;

    public sealed override OperatorTraits Traits(Node node) => OperatorTraits.HidesFarNumbers;

    public sealed override IEnumerable<AxisRoute> Axes(Node node) =>
        AxisRoutes.Reduced(node, [Axis(node, node.ShapeOf(0).Rank)], Keep(node));

    public sealed override void InferShapes(Node node)
    {
        Shape x = node.ShapeOf(0);
        int axis = Axis(node, x.Rank);
        node.Define(0, ElementType.Int64, new Shape(Keep(node)
            ? x.Select((d, i) => i == axis ? 1 : d) : x.Where((_, i) => i != axis)));
    }

    public sealed override void Forward(ForwardContext context)
    {
        Tensor x = context.Input(0);
        int axis = Axis(context.Node, x.Rank);
        int[] dims = [.. x.Dims];
        dims[axis] = 1;
        Tensor y = context.Node.Allocate(ElementType.Int64, dims);
        Tensor source = x.Type == ElementType.BFloat16 ? Casting.To(x, ElementType.Float32) : x;
        bool last = context.Node.Int("select_last_index", 0) != 0;
        if (source.Count > 0) ElementDispatch.Numbers(source.Type, new Action(source, axis, y, last, builtin == BuiltinOperator.ArgMax));
        context.Output = Keep(context.Node) ? y : y.Reshape([.. dims.Where((_, i) => i != axis)]);
    }

    public override bool TakesComputedSizes(Node node) =>
        node.Int("select_last_index", 0) == 0 || node.ShapeOf(0)[Axis(node, node.ShapeOf(0).Rank)].IsKnown;

    public sealed override void Lower(Lowering context, Node node)
    {
        var steps = new LoweringSteps(context, node);
        int[] order = context.OrderOf(node.Input(0));
        int axis = Axis(node, order.Length), place = Array.IndexOf(order, axis);
        int[] result = [.. order.Where(a => a != axis).Select(a => !Keep(node) && a > axis ? a - 1 : a)];
        if (Keep(node)) result = [.. result[..place], axis, .. result[place..]];
        TfliteTensor x = steps.Comparable(context.Input(node, 0, order)), y = context.Output(node, 0, result);
        bool last = node.Int("select_last_index", 0) != 0;
        int size = x.Dims[place];
        TfliteTensor given = x;
        if (last)
        {
            // What is no number is not found, unless it comes first: so ONNX Runtime has it.
            if (x.Type == TensorType.Float32) x = steps.Select(IsNumber(x), x, steps.Scalar(Least, x));
            x = steps.Gather(x, place, [.. Enumerable.Range(0, size).Reverse()]);
        }

        int[] dims = [.. x.Dims.Where((_, i) => i != place)];
        int open = x.OpenAxis > place ? x.OpenAxis - 1 : x.OpenAxis;
        TfliteTensor found = last || Keep(node) ? Lowering.Temporary(node, TensorType.Int64, dims, open) : y;
        TfliteTensor along = context.Constant("axis", Tensor.Scalar(place));
        context.Emit(builtin, [x, along], [found], new ArgOptions(builtin == BuiltinOperator.ArgMax, TensorType.Int64));
        if (last && given.Type == TensorType.Float32)
        {
            TfliteTensor first = steps.Cast(IsNumber(steps.Gather(given, place, [0])), TensorType.Int64);
            found = steps.Multiply(
                steps.Subtract(steps.Scalar(size - 1, found), found), steps.Reshape(first, dims, open), Keep(node) ? null : y);
        }
        else if (last) found = steps.Subtract(steps.Scalar(size - 1, found), found, Keep(node) ? null : y);
        if (Keep(node)) context.EmitReshape(found, y);

        TfliteTensor IsNumber(TfliteTensor floats) => steps.Compare(BuiltinOperator.Equal, floats, floats);
    }

    private float Least => builtin == BuiltinOperator.ArgMax ? float.NegativeInfinity : float.PositiveInfinity;

    private static int Axis(Node node, int rank) => node.Axis(node.Int("axis", 0), rank);

    private static bool Keep(Node node) => node.Int("keepdims", 1) != 0;

    private readonly struct Action(Tensor x, int axis, Tensor y, bool last, bool greatest) : INumberAction
    {
        public void Run<T>() where T : unmanaged, INumber<T>
        {
            ReadOnlySpan<T> from = x.As<T>();
            Span<long> to = y.As<long>();
            int size = x.Dims[axis], step = 1;
            foreach (int dim in x.Dims[(axis + 1)..]) step *= dim;
            for (int i = 0; i < to.Length; i++)
            {
                int at = (i / step * step * size) + (i % step), best = 0;
                for (int k = 1; k < size; k++)
                {
                    T element = from[at + (k * step)], current = from[at + (best * step)];
                    if ((greatest ? element > current : element < current) || (last && element == current)) best = k;
                }

                to[i] = best;
            }
        }
    }
}
