using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Generation;

/// <summary>Shape: the sizes of a tensor from axis <c>start</c> up to <c>end</c>. Named apart from <see cref="Shape"/>.</summary>
internal sealed class ShapeOperator : Operator
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 13, 15, 19, 21, 23, 24, 25];

    public override string Type => "Shape";

    public override Arity Arity => new(1, 1);

    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override int DataInputs => 1;

    public override IEnumerable<AxisRoute> Axes(Node node) => [];

    public override OperatorTraits Traits(Node node) => OperatorTraits.None;

    public override void InferShapes(Node node)
    {
        Dim[] sizes = Taken(node, [.. node.ShapeOf(0)]);
        node.Define(0, ElementType.Int64, new Shape([sizes.Length]), sizes);
    }

    public override void Forward(ForwardContext context) =>
        context.Output = Tensor.Vector([.. Taken(context.Node, context.Input(0).Dims.ToArray()).Select(size => (long)size)]);

    private static T[] Taken<T>(Node node, T[] dims)
    {
        int start = Clamped(node.Int("start", 0), dims.Length), end = Clamped(node.Int("end", dims.Length), dims.Length);
        return dims[start..Math.Max(start, end)];
    }

    private static int Clamped(long axis, int rank) => (int)Math.Clamp(axis < 0 ? axis + rank : axis, 0, rank);

    public override bool TakesComputedSizes(Node node) => true;

    public override void Lower(Lowering context, Node node)
    {
        if (ShapeContents.Tensor(node.Output) is { } known)
        {
            context.EmitReshape(context.Constant(node.Label, known), context.Output(node, 0));
            return;
        }

        int[] order = context.OrderOf(node.Input(0));
        int[] place = Taken(node, AxisOrder.Inverse(order));
        TfliteTensor input = context.Input(node, 0, order), output = context.Output(node, 0);
        TfliteTensor sizes = Lowering.Temporary(node, TensorType.Int64, [order.Length]);
        context.Emit(BuiltinOperator.Shape, [input], [sizes], new ShapeOptions(TensorType.Int64));
        context.Emit(
            BuiltinOperator.Gather, [sizes, context.Constant("axes", Tensor.Vector<int>(place))], [output],
            new GatherOptions(0));
    }
}
