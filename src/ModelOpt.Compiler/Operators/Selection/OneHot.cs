using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Selection;

/// <summary>
/// values[1] where an index says along a new axis of <c>depth</c> (input 1), values[0] elsewhere. Negative indices count from the back;
/// those outside say nowhere.
/// </summary>
internal sealed class OneHot : Operator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [9, 11];

    public override Arity Arity => new(3, 3);

    public override ElementKinds Takes(Node node) => ElementKinds.Numbers;

    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override int DataInputs => 0;

    public override OperatorTraits Traits(Node node) => OperatorTraits.None;

    public override IEnumerable<AxisRoute> Axes(Node node)
    {
        int rank = node.ShapeOf(0).Rank, axis = Axis(node, rank);
        return Enumerable.Range(0, rank).Select(a => new AxisRoute(AxisPlace.In(0, a), AxisPlace.Out(0, a < axis ? a : a + 1)));
    }

    public override void InferShapes(Node node)
    {
        Shape indices = node.ShapeOf(0);
        int axis = Axis(node, indices.Rank);
        Tensor depth = ShapeContents.Tensor(node.Input(1)) ?? throw GraphDiagnostics.UnsupportedForm.Error(
            node.Label, node.Type, "input 'depth' is not a constant");
        node.Define(0, node.Input(2).Type, new Shape([.. indices.Take(axis), Depth(node, depth), .. indices.Skip(axis)]));
    }

    public override void Forward(ForwardContext context)
    {
        Tensor indices = context.Input(0), values = context.Input(2);
        int depth = (int)Depth(context.Node, context.Input(1)), axis = Axis(context.Node, indices.Rank);
        int inner = DataMovement.Count(indices.Dims[axis..]), size = values.Type.Size();
        int[] dims = [.. indices.Dims[..axis], depth, .. indices.Dims[axis..]];
        Tensor y = DataMovement.View(context.Node, values, dims, new int[dims.Length], 0);
        double[] numbers = Casting.To(indices, ElementType.Float64).As<double>().ToArray();
        for (int i = 0; i < numbers.Length; i++)
        {
            // A fraction is cut off before the index counts from the back.
            double index = Math.Truncate(numbers[i]);
            if (index < 0) index += depth;
            if (!(index >= 0 && index < depth)) continue;
            int at = (((i / inner * depth) + (int)index) * inner) + (i % inner);
            values.Bytes.Span.Slice(size, size).CopyTo(y.Bytes.Span[(at * size)..]);
        }

        context.Output = y;
    }

    public override bool TakesComputedSizes(Node node) => true;

    public override void Lower(Lowering context, Node node)
    {
        var steps = new LoweringSteps(context, node);
        TfliteTensor given = context.Input(node, 0), y = context.Output(node, 0);
        int depth = (int)Depth(node, ShapeContents.Tensor(node.Input(1))!);
        // Numbers that int32 does not hold stay outside of the depth.
        if (given.Type == TensorType.UInt32) given = steps.Cast(given, TensorType.Int64);
        if (given.Type is TensorType.Int64 or TensorType.UInt64 or TensorType.Float32)
            given = steps.Binary(BuiltinOperator.Minimum, given, Limit(depth));
        if (given.Type is TensorType.Int64 or TensorType.Float32)
            given = steps.Binary(BuiltinOperator.Maximum, given, Limit(-1L - depth));
        TfliteTensor indices = steps.Cast(given, TensorType.Int32);
        TfliteTensor negative = steps.Binary(
            BuiltinOperator.Maximum, steps.Binary(BuiltinOperator.Minimum, indices, steps.Scalar(0, indices)), steps.Scalar(-1, indices));
        TfliteTensor front = steps.Subtract(indices, steps.Multiply(negative, steps.Scalar(depth, negative)));
        TfliteTensor values = context.Input(node, 2);
        context.Emit(
            BuiltinOperator.OneHot,
            [front, context.Constant("depth", Tensor.Scalar(depth)), Value(1), Value(0)], [y],
            new OneHotOptions(Axis(node, indices.Rank)));

        TfliteTensor Limit(long number) => context.Constant("limit", Casting.To(
            given.Rank == 0 ? Tensor.Scalar(number) : Tensor.Vector(number), Enum.Parse<ElementType>($"{given.Type}")));

        TfliteTensor Value(int position) => steps.Reshape(steps.Gather(values, 0, [position]), []);
    }

    private static int Axis(Node node, int rank) => node.Axis(node.Int("axis", -1), rank + 1);

    private static long Depth(Node node, Tensor given) =>
        given.Count == 1 && Casting.To(given, ElementType.Int64).As<long>()[0] is >= 0 and <= int.MaxValue and var depth ? depth
        : throw GraphDiagnostics.ShapeMismatch.Error(node.Label, "the depth is not one number of at least 0");
}
