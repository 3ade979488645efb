using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Movement;

/// <summary>The upper or lower triangle of each matrix from the k-th diagonal (input 1) on, zeros elsewhere.</summary>
internal sealed class Trilu : Operator, IDifferentiable
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [14];

    public override Arity Arity => new(1, 2);

    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override int DataInputs => 1;

    public override OperatorTraits Traits(Node node) => OperatorTraits.Homogeneous;

    public override IEnumerable<AxisRoute> Axes(Node node) => AxisRoutes.Kept(node, Enumerable.Range(0, node.ShapeOf(0).Rank - 2));

    public override void InferShapes(Node node)
    {
        node.Axis(-2, node.ShapeOf(0).Rank);
        node.ConstantInts(1, "k");
        node.Define(0, node.Input(0).Type, node.ShapeOf(0));
    }

    public override void Forward(ForwardContext context) =>
        context.Output = Masked(context.Node, context.Input(0), context.InputOrNull(1));

    /// <summary>The gradient has the same zeros.</summary>
    public void Backward(BackwardContext context) =>
        context.Gradients[0] = Masked(context.Node, context.OutputGradient, context.InputOrNull(1));

    public override bool TakesComputedSizes(Node node) => true;

    /// <summary>Each matrix, a zero behind it, is picked from: what is infinite or no number leaves no trace.</summary>
    public override void Lower(Lowering context, Node node)
    {
        var steps = new LoweringSteps(context, node);
        TfliteTensor x = context.Input(node, 0), y = context.Output(node, 0);
        if (x.IsComputed)
        {
            LowerOpen(context, node, x, y);
            return;
        }

        int rows = x.Dims[^2], columns = x.Dims[^1], count = rows * columns, batch = DataMovement.Count(x.Dims.AsSpan(0, x.Rank - 2));
        if (count * batch == 0 || x.OpenAxis >= 0)
        {
            FlatPositions.Closed(node, x);
            context.EmitReshape(x, y);
            return;
        }

        Tensor? k = node.InputOrNull(1) is { } given ? ShapeContents.Tensor(given) : null;
        int[] picks = [.. Enumerable.Range(0, count).Select(i => Stays(node, k, i / columns, i % columns) ? i : count)];
        TfliteTensor zeros = context.Constant(
            "zeros", Casting.To(Tensor.Of<float>([batch, 1], new float[batch]), Enum.Parse<ElementType>($"{x.Type}")));
        TfliteTensor all = Lowering.Temporary(node, x.Type, [batch, count + 1]);
        context.Emit(
            BuiltinOperator.Concatenation, [steps.Reshape(x, [batch, count]), zeros], [all],
            new ConcatenationOptions(1, ActivationFunction.None));
        context.EmitReshape(steps.Gather(all, 1, picks), y);
    }

    /// <summary>What stays is chosen by the distance of its column from its row.</summary>
    private static void LowerOpen(Lowering context, Node node, TfliteTensor x, TfliteTensor y)
    {
        var steps = new LoweringSteps(context, node);
        Shape shape = node.ShapeOf(0);
        Tensor? k = node.InputOrNull(1) is { } given ? ShapeContents.Tensor(given) : null;
        int diagonal = k is { Count: > 0 } ? (int)Math.Clamp(node.Ints(k, "k")[0], -int.MaxValue, int.MaxValue) : 0;
        if (x.OpenAxis >= x.Rank - 2) FlatPositions.Closed(node, x);
        var sizes = new SizeSteps(context, node);
        TfliteTensor rows = steps.Reshape(sizes.Range(shape[^2]), [x.Dims[^2], 1]);
        TfliteTensor distance = steps.Subtract(steps.Reshape(sizes.Range(shape[^1]), [1, x.Dims[^1]]), rows);
        bool isUpper = node.Int("upper", 1) != 0;
        TfliteTensor stays = steps.Compare(
            isUpper ? BuiltinOperator.GreaterEqual : BuiltinOperator.LessEqual, distance, steps.Ints(diagonal));
        steps.Select(stays, x, steps.Scalar(0, x), y);
    }

    private static Tensor Masked(Node node, Tensor x, Tensor? k)
    {
        Tensor y = node.Allocate(x.Type, x.Dims);
        int size = x.Type.Size(), rows = x.Dims[^2], columns = x.Dims[^1];
        for (int i = 0; i < x.Count; i++)
        {
            if (Stays(node, k, i / columns % rows, i % columns))
                x.Bytes.Span.Slice(i * size, size).CopyTo(y.Bytes.Span[(i * size)..]);
        }

        return y;
    }

    private static bool Stays(Node node, Tensor? k, int row, int column)
    {
        long diagonal = k is { Count: > 0 } ? node.Ints(k, "k")[0] : 0;
        return node.Int("upper", 1) != 0 ? column - row >= diagonal : column - row <= diagonal;
    }
}
