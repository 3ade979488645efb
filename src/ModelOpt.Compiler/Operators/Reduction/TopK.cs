using System.Numerics;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Reduction;

/// <summary>
/// The K greatest (or least) elements along attribute <c>axis</c>, in order, and where they are as int64; of equal ones the first comes
/// first. K is input 1.
/// </summary>
internal sealed class TopK : Operator, IDifferentiable
{
    public override IReadOnlyList<OpsetStep> Versions { get; } =
        [1, new(10, (graph, node) => ToInput(graph, node)) { Dropped = ["k"] }, 11, 24];

    public override Arity Arity => new(2, 2, 2);

    public override ElementKinds Takes(Node node) => ElementKinds.Numbers;

    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override int DataInputs => 1;

    // ONNX has both outputs always.
    public override bool CountsOutputs => true;

    public override OperatorTraits Traits(Node node) => OperatorTraits.None;

    public override IEnumerable<AxisRoute> Axes(Node node)
    {
        int rank = node.ShapeOf(0).Rank, axis = Axis(node, rank);
        return AxisRoutes.Kept(node, Enumerable.Range(0, rank).Where(a => a != axis));
    }

    public override void InferShapes(Node node)
    {
        Shape x = node.ShapeOf(0);
        int axis = Axis(node, x.Rank);
        node.ConstantInts(1, "K");
        long k = K(node, ShapeContents.Tensor(node.Input(1))!);
        if (k < 0 || (x[axis].IsKnown && k > x[axis].Size))
            throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"{k} elements are asked of {x[axis]}");
        var shape = new Shape(x.Select((d, i) => i == axis ? k : d));
        node.Define(0, node.Input(0).Type, shape);
        node.Define(1, ElementType.Int64, shape);
    }

    public override void Forward(ForwardContext context)
    {
        Node node = context.Node;
        Tensor x = context.Input(0), source = x.Type == ElementType.BFloat16 ? Casting.To(x, ElementType.Float32) : x;
        int axis = Axis(node, x.Rank);
        int[] dims = [.. x.Dims];
        dims[axis] = (int)K(node, context.Input(1));
        Tensor y = node.Allocate(source.Type, dims), places = node.Allocate(ElementType.Int64, dims);
        if (y.Count > 0)
            ElementDispatch.Numbers(source.Type, new Action(source, axis, y, places, node.Int("largest", 1) != 0));
        context.Output = Casting.To(y, x.Type);
        if (context.Outputs.Length > 1) context.Outputs[1] = places;
    }

    /// <summary>The gradient of each result goes to the element that it is.</summary>
    public void Backward(BackwardContext context)
    {
        Tensor x = context.Input(0), dx = context.Zeros(x.Dims), dy = context.OutputGradient;
        int axis = Axis(context.Node, x.Rank), step = DataMovement.Count(x.Dims[(axis + 1)..]), k = dy.Dims[axis], size = x.Dims[axis];
        Tensor places = context.Node.Allocate(ElementType.Int64, dy.Dims), values = context.Node.Allocate(ElementType.Float32, dy.Dims);
        new Action(x, axis, values, places, context.Node.Int("largest", 1) != 0).Run<float>();
        for (int i = 0; i < dy.Count; i++)
            dx.As<float>()[(i / (k * step) * size * step) + ((int)places.As<long>()[i] * step) + (i % step)] += dy.As<float>()[i];
        context.Gradients[0] = dx;
    }

    public override bool TakesComputedSizes(Node node) => node.Output.Shape![Axis(node, node.Output.Shape.Rank)].IsKnown;

    public override void Lower(Lowering context, Node node)
    {
        var steps = new LoweringSteps(context, node);
        int[] order = context.OrderOf(node.Input(0));
        int axis = Axis(node, order.Length);
        order = [.. order.Where(a => a != axis), axis];
        bool largest = node.Int("largest", 1) != 0;
        TfliteTensor given = context.Input(node, 0, order), x = steps.Comparable(given), y = context.Output(node, 0, order);
        if (!largest) x = Opposite(x);
        int[] dims = [.. y.Dims];
        bool isPlain = largest && x.Type == y.Type;
        TfliteTensor values = isPlain ? y : Lowering.Temporary(node, x.Type, dims, y.OpenAxis);
        TfliteTensor places = Lowering.Temporary(node, TensorType.Int32, dims, y.OpenAxis);
        context.Emit(
            BuiltinOperator.TopKV2, [x, context.Constant("k", Tensor.Scalar(dims[^1]))], [values, places],
            new EmptyOptions(BuiltinOptionsType.TopKV2));
        if (!isPlain)
        {
            if (!largest) values = Opposite(values);
            if (values.Type == y.Type) context.EmitReshape(values, y);
            else steps.Cast(values, y.Type, y);
        }

        if (node.HasOutput(1)) steps.Cast(places, TensorType.Int64, context.Output(node, 1, order));

        // −x, or −1 − x, which no integer overflows.
        TfliteTensor Opposite(TfliteTensor t) => t.Type == TensorType.Float32 ? steps.Unary(BuiltinOperator.Neg, t)
            : steps.Subtract(steps.Scalar(-1, t), t);
    }

    private static void ToInput(Graph graph, Node node)
    {
        long k = node.Int("k", -1);
        node.Attributes.Remove("k");
        node.SetInput(1, graph.AddConstant($"{node.Label}_k", Tensor.Vector(k)));
    }

    private static int Axis(Node node, int rank) => node.Axis(node.Int("axis", -1), rank);

    private static long K(Node node, Tensor given) => node.Ints(given, "K") is [var k] ? k
        : throw GraphDiagnostics.ShapeMismatch.Error(node.Label, "K is not one number");

    private readonly struct Action(Tensor x, int axis, Tensor y, Tensor places, bool largest) : INumberAction
    {
        public void Run<T>() where T : unmanaged, INumber<T>
        {
            T[] from = x.As<T>().ToArray();
            Span<T> to = y.As<T>();
            int size = x.Dims[axis], k = y.Dims[axis], step = 1;
            foreach (int dim in x.Dims[(axis + 1)..]) step *= dim;
            int sign = largest ? -1 : 1;
            for (int line = 0; line < to.Length / k; line++)
            {
                int at = (line / step * step * size) + (line % step), target = (line / step * step * k) + (line % step);
                int[] order = [.. Enumerable.Range(0, size)];
                Array.Sort(order, (a, b) =>
                    from[at + (a * step)].CompareTo(from[at + (b * step)]) * sign is var c && c != 0 ? c : a.CompareTo(b));
                for (int i = 0; i < k; i++)
                {
                    to[target + (i * step)] = from[at + (order[i] * step)];
                    places.As<long>()[target + (i * step)] = order[i];
                }
            }
        }
    }
}
