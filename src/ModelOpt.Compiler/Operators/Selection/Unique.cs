using System.Numerics;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Kernels.Movement;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Selection;

/// <summary>
/// The elements that differ, or the slices along an axis: sorted, or in the order in which they come first. The other outputs say where
/// each comes first, which of them each element is, and how often each comes.
/// </summary>
internal sealed class Unique : Operator
{
    private const int First = 1;
    private const int Inverse = 2;
    private const int Counts = 3;

    public override IReadOnlyList<OpsetStep> Versions { get; } = [11];

    public override Arity Arity => new(1, 1, 4);

    public override QuantizationRule Quantization => QuantizationRule.Float;

    public override int DataInputs => 1;

    public override OperatorTraits Traits(Node node) => OperatorTraits.None;

    public override IEnumerable<AxisRoute> Axes(Node node) => [];

    public override void InferShapes(Node node)
    {
        Dim found = Dim.Unknown;
        Dim[] dims = AxisOf(node) is null ? [found] : [.. node.ShapeOf(0)];
        dims[AxisOf(node) ?? 0] = found;
        node.Define(0, node.Input(0).Type, new Shape(dims));
        Dim all = AxisOf(node) is { } axis ? node.ShapeOf(0)[axis] : Dim.Product(node.ShapeOf(0));
        foreach (int output in (int[])[First, Inverse, Counts])
            if (node.HasOutput(output)) node.Define(output, ElementType.Int64, new Shape(output == Inverse ? all : found));
    }

    public override void Forward(ForwardContext context)
    {
        Node node = context.Node;
        Tensor x = AxisOf(node, context.Input(0).Rank) is null ? context.Input(0).Reshape([context.Input(0).Count]) : context.Input(0);
        int axis = AxisOf(node, x.Rank) ?? 0, count = x.Dims[axis], step = DataMovement.Count(x.Dims[(axis + 1)..]);
        int outer = DataMovement.Count(x.Dims[..axis]);
        Tensor numbers = x.Type is ElementType.Bool ? Casting.To(x, ElementType.UInt8)
            : x.Type is ElementType.Float16 or ElementType.BFloat16 ? Casting.To(x, ElementType.Float32) : x;
        long[] first = new long[count], inverse = new long[count], counts = new long[count];
        var action = new Action(numbers, count, outer, step, node.Int("sorted", 1) != 0, first, inverse, counts, new int[1]);
        ElementDispatch.Numbers(numbers.Type, action);
        int found = action.Found;
        int[] dims = [.. x.Dims];
        dims[axis] = found;
        Tensor y = node.Allocate(x.Type, dims);
        int block = x.Count == 0 ? 0 : step * (x.Bytes.Length / x.Count);
        for (int i = 0; block > 0 && i < outer * found; i++)
        {
            int from = (i / found * count) + (int)first[i % found];
            x.Bytes.Span.Slice(from * block, block).CopyTo(y.Bytes.Span[(i * block)..]);
        }

        context.Output = y;
        Set(First, first[..found]);
        Set(Inverse, inverse);
        Set(Counts, counts[..found]);

        void Set(int output, long[] values)
        {
            if (context.Outputs.Length > output) context.Outputs[output] = Tensor.Vector(values);
        }
    }

    public override bool TakesComputedSizes(Node node) =>
        node.Input(0).Shape!.Skip(1).All(d => d.IsKnown) && !Lowering.IsComputed(node.Input(0));

    public override void Lower(Lowering context, Node node)
    {
        var steps = new LoweringSteps(context, node);
        TfliteTensor x = context.Input(node, 0);
        if (x.OpenAxis >= 0) throw EmitDiagnostics.UnsupportedForm.Error(node.Label, Type, "how many elements there are is open");
        if (AxisOf(node) is null) x = steps.Reshape(x, [x.Dims.Aggregate(1, (a, b) => a * b)]);
        int axis = AxisOf(node) ?? 0, count = x.Dims[axis];
        TfliteTensor first = Temporary(count), inverse = node.HasOutput(Inverse) ? context.Output(node, Inverse) : Temporary(count);
        TfliteTensor counts = Temporary(count);
        context.Emit(
            BuiltinOperator.Unique, [Rows(context, node, x, axis)], [first, inverse, counts],
            new UniqueOptions(node.Int("sorted", 1) != 0));
        TfliteTensor isOne = steps.Compare(BuiltinOperator.GreaterEqual, first, steps.Scalar(0, first));
        TfliteTensor places = steps.Reshape(NonZero.Places(context, node, isOne), [-1]);
        TfliteTensor picks = node.HasOutput(First) ? context.Output(node, First) : Temporary(-1);
        context.Emit(BuiltinOperator.Gather, [first, places], [picks], new GatherOptions(0));
        context.Emit(BuiltinOperator.Gather, [x, picks], [context.Output(node, 0)], new GatherOptions(axis));
        if (node.HasOutput(Counts))
            context.Emit(BuiltinOperator.Gather, [counts, places], [context.Output(node, Counts)], new GatherOptions(0));

        TfliteTensor Temporary(int size) => Lowering.Temporary(node, TensorType.Int64, [size]);
    }

    /// <summary>A row for each slice along an axis.</summary>
    private static TfliteTensor Rows(Lowering context, Node node, TfliteTensor x, int axis)
    {
        var steps = new LoweringSteps(context, node);
        int width = x.Dims.Where((_, a) => a != axis).Aggregate(1, (a, b) => a * b);
        if (axis > 0)
        {
            int[] order = [axis, .. Enumerable.Range(0, x.Rank).Where(a => a != axis)];
            TfliteTensor moved = Lowering.Temporary(node, x.Type, [.. order.Select(a => x.Dims[a])]);
            context.Emit(
                BuiltinOperator.Transpose, [x, steps.Ints(order)], [moved], new EmptyOptions(BuiltinOptionsType.Transpose));
            x = moved;
        }

        return steps.Reshape(x, [x.Dims[0], width]);
    }

    private static int? AxisOf(Node node) => AxisOf(node, node.ShapeOf(0).Rank);

    private static int? AxisOf(Node node, int rank) => node.Attributes.ContainsKey("axis") ? node.Axis(node.Int("axis", 0), rank) : null;

    private readonly struct Action(
        Tensor x, int count, int outer, int step, bool isSorted, long[] first, long[] inverse, long[] counts, int[] found) : INumberAction
    {
        public int Found => found[0];

        public void Run<T>() where T : unmanaged, INumber<T>
        {
            T[] rows = new T[x.Count];
            ReadOnlySpan<T> from = x.As<T>();
            for (int i = 0; i < rows.Length; i++)
            {
                int row = i / step % count, place = (i / (step * count) * step) + (i % step);
                rows[(row * outer * step) + place] = from[i];
            }

            found[0] = new DistinctRows<T>(rows, outer * step, isSorted).Find(first, inverse, counts, new int[3 * count]);
        }
    }
}
