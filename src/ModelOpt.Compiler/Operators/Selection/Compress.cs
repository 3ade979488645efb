using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Selection;

/// <summary>The slices along an axis, or the elements of all, whose condition is true.</summary>
internal sealed class Compress : Operator, IDifferentiable
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [9, 11];

    public override Arity Arity => new(2, 2);

    public override QuantizationRule Quantization => QuantizationRule.SharesInput;

    public override int DataInputs => 1;

    public override OperatorTraits Traits(Node node) => OperatorTraits.Moves | OperatorTraits.Homogeneous;

    public override IEnumerable<AxisRoute> Axes(Node node) => AxisOf(node) is not { } picked ? []
        : Enumerable.Range(0, node.ShapeOf(0).Rank).Where(a => a != picked)
            .Select(a => new AxisRoute(AxisPlace.In(0, a), AxisPlace.Out(0, a)));

    public override void InferShapes(Node node)
    {
        if (node.Input(1).Type != ElementType.Bool || node.ShapeOf(1).Rank != 1)
            throw GraphDiagnostics.TypeMismatch.Error(node.Label, "the condition is no vector of bool");
        Dim[] dims = AxisOf(node) is null ? [Dim.Unknown] : [.. node.ShapeOf(0)];
        dims[AxisOf(node) ?? 0] = node.Input(1).Constant is { } condition ? condition.Span<bool>().Count(true) : Dim.Unknown;
        node.Define(0, node.Input(0).Type, new Shape(dims));
    }

    public override void Forward(ForwardContext context)
    {
        (Tensor data, int axis, int[] picks) = Picks(context.Node, context.Input(0), context.Input(1));
        int[] dims = data.Dims.ToArray();
        dims[axis] = picks.Length;
        Tensor y = context.Node.Allocate(data.Type, dims);
        int block = BlockBytes(data, axis);
        for (int to = 0; block > 0 && to < y.Bytes.Length; to += block)
        {
            int i = to / block;
            int from = (i / picks.Length * data.Dims[axis]) + picks[i % picks.Length];
            data.Bytes.Span.Slice(from * block, block).CopyTo(y.Bytes.Span[to..]);
        }

        context.Output = y;
    }

    public void Backward(BackwardContext context)
    {
        Tensor x = context.Input(0), dy = context.OutputGradient, dx = context.Node.Allocate(ElementType.Float32, x.Dims);
        (Tensor data, int axis, int[] picks) = Picks(context.Node, x, context.Input(1));
        int block = BlockBytes(data, axis) / sizeof(float);
        for (int to = 0; block > 0 && to < dy.Count; to += block)
        {
            int i = to / block;
            int from = (i / picks.Length * data.Dims[axis]) + picks[i % picks.Length];
            dy.As<float>().Slice(to, block).CopyTo(dx.As<float>()[(from * block)..]);
        }

        context.Gradients[0] = dx;
    }

    public override bool TakesComputedSizes(Node node) => true;

    public override void Lower(Lowering context, Node node)
    {
        var steps = new LoweringSteps(context, node);
        int[] order = context.OrderOf(node.Input(0));
        TfliteTensor condition = context.Input(node, 1);
        TfliteTensor x = AxisOf(node) is null ? steps.Reshape(context.Input(node, 0), [-1]) : context.Input(node, 0, order);
        int axis = AxisOf(node) is { } given ? Array.IndexOf(order, given) : 0;
        long size = AxisOf(node) is { } own ? node.ShapeOf(0)[own].Size : node.ShapeOf(0).ToSizes()?.Aggregate(1L, (a, b) => a * b) ?? -1;
        // A condition may be longer than the axis, and then its rest says nothing.
        if (condition.Dims[0] > size || condition.IsComputed || size < 0)
        {
            if (condition.IsComputed || size < 0) throw EmitDiagnostics.UnsupportedForm.Error(
                node.Label, Type, "how long the condition is beside the axis depends on values");
            TfliteTensor cut = Lowering.Temporary(node, condition, [(int)size]);
            context.Emit(
                BuiltinOperator.Slice, [condition, steps.Ints(0), steps.Ints((int)size)], [cut],
                    new EmptyOptions(BuiltinOptionsType.Slice));
            condition = cut;
        }

        TfliteTensor places = steps.Reshape(NonZero.Places(context, node, condition), [-1]);
        TfliteTensor result = AxisOf(node) is null ? context.Output(node, 0) : context.Output(node, 0, order);
        context.Emit(BuiltinOperator.Gather, [x, places], [result], new GatherOptions(axis));
    }

    private static int? AxisOf(Node node) =>
        node.Attributes.ContainsKey("axis") ? node.Axis(node.Int("axis", 0), node.ShapeOf(0).Rank) : null;

    private static (Tensor Data, int Axis, int[] Picks) Picks(Node node, Tensor data, Tensor condition)
    {
        int axis = node.Attributes.ContainsKey("axis") ? node.Axis(node.Int("axis", 0), data.Rank) : 0;
        if (!node.Attributes.ContainsKey("axis")) data = data.Reshape([data.Count]);
        return (data, axis, [.. NonZero.Places(condition).Where(i => i < data.Dims[axis])]);
    }

    private static int BlockBytes(Tensor data, int axis) =>
        data.Count == 0 ? 0 : data.Bytes.Length / DataMovement.Count(data.Dims[..(axis + 1)]);
}
