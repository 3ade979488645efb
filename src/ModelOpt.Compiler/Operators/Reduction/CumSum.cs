using System.Numerics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Reduction;

/// <summary>The sums of all elements up to each along the axis of input 1; without the element itself, or from the end.</summary>
internal sealed class CumSum : Operator, IDifferentiable
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [11, 14];

    public override Arity Arity => new(2, 2);

    public override ElementKinds Takes(Node node) => ElementKinds.Numbers;

    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override int DataInputs => 1;

    public override OperatorTraits Traits(Node node) => OperatorTraits.Homogeneous;

    public override IEnumerable<AxisRoute> Axes(Node node)
    {
        int axis = Axis(node, node.ShapeOf(0).Rank, ShapeContents.Tensor(node.Input(1)));
        return AxisRoutes.Kept(node, Enumerable.Range(0, node.ShapeOf(0).Rank).Where(a => a != axis));
    }

    public override void InferShapes(Node node)
    {
        node.ConstantInts(1, "axis");
        Axis(node, node.ShapeOf(0).Rank, ShapeContents.Tensor(node.Input(1)));
        node.Define(0, node.Input(0).Type, node.ShapeOf(0));
    }

    public override void Forward(ForwardContext context)
    {
        Tensor x = context.Input(0);
        bool reverse = context.Node.Int("reverse", 0) != 0, exclusive = context.Node.Int("exclusive", 0) != 0;
        context.Output = Sums(context.Node, x, Axis(context.Node, x.Rank, context.Input(1)), exclusive, reverse);
    }

    /// <summary>The gradient sums from the other end.</summary>
    public void Backward(BackwardContext context)
    {
        bool reverse = context.Node.Int("reverse", 0) != 0, exclusive = context.Node.Int("exclusive", 0) != 0;
        int axis = Axis(context.Node, context.Input(0).Rank, context.Input(1));
        context.Gradients[0] = Sums(context.Node, context.OutputGradient, axis, exclusive, !reverse);
    }

    public override bool TakesComputedSizes(Node node) => true;

    public override void Lower(Lowering context, Node node)
    {
        int[] order = context.OrderOf(node.Input(0));
        int place = Array.IndexOf(order, Axis(node, order.Length, ShapeContents.Tensor(node.Input(1))));
        new LoweringSteps(context, node).EmitWide(
            BuiltinOperator.Cumsum, [context.Input(node, 0, order)], context.Output(node, 0, order),
            new CumsumOptions(node.Int("exclusive", 0) != 0, node.Int("reverse", 0) != 0),
            [context.Constant("axis", Tensor.Scalar(place))]);
    }

    private static int Axis(Node node, int rank, Tensor? given) => given is { Count: 1 }
        ? node.Axis(node.Ints(given, "axis")[0], rank)
        : throw Diagnostics.GraphDiagnostics.ShapeMismatch.Error(node.Label, "the axis is not one number");

    private static Tensor Sums(Node node, Tensor x, int axis, bool exclusive, bool reverse)
    {
        Tensor source = x.Type == ElementType.BFloat16 ? Casting.To(x, ElementType.Float32) : x, y = node.Allocate(source.Type, x.Dims);
        ElementDispatch.Numbers(source.Type, new Action(source, axis, y, exclusive, reverse));
        return Casting.To(y, x.Type);
    }

    private readonly struct Action(Tensor x, int axis, Tensor y, bool exclusive, bool reverse) : INumberAction
    {
        public void Run<T>() where T : unmanaged, INumber<T>
        {
            ReadOnlySpan<T> from = x.As<T>();
            Span<T> to = y.As<T>();
            int size = x.Dims[axis], step = 1;
            foreach (int dim in x.Dims[(axis + 1)..]) step *= dim;
            for (int line = 0; size > 0 && line < from.Length / size; line++)
            {
                int at = (line / step * step * size) + (line % step);
                T sum = T.Zero;
                for (int k = 0; k < size; k++)
                {
                    int i = at + ((reverse ? size - 1 - k : k) * step);
                    T next = unchecked(sum + from[i]);
                    to[i] = exclusive ? sum : next;
                    sum = next;
                }
            }
        }
    }
}
