using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Movement;

/// <summary>Every step-th element from start up to end, along some axes.</summary>
internal sealed class Slice : Operator, IDifferentiable
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [
        1, OpsetStep.ToInputs(10, ("starts", 1), ("ends", 2), ("axes", 3)), 11, 13];

    public override Arity Arity => new(3, 5);

    public override QuantizationRule Quantization => QuantizationRule.SharesInput;

    public override int DataInputs => 1;

    public override OperatorTraits Traits(Node node) => OperatorTraits.Moves | OperatorTraits.Homogeneous;

    public override IEnumerable<AxisRoute> Axes(Node node)
    {
        Shape shape = node.ShapeOf(0);
        for (int axis = 0; axis < shape.Rank; axis++)
        {
            if (RangeOf(node, axis) is not var (_, first, step)) continue;
            if (AxisRoutes.IsSame(shape[axis], node.Output.Shape![axis]) && (first, step) is (0, 1))
                yield return AxisRoutes.Kept(node, [axis]).Single();
            else if (shape[axis].IsKnown)
                yield return new AxisRoute(step != 1, AxisPlace.In(0, axis), AxisPlace.Out(0, axis,
                    [.. Enumerable.Range(0, (int)node.Output.Shape[axis].Size).Select(i => (int)(first + (i * step)))]));
        }
    }

    public override void Narrow(Graph graph, Node node, AxisCut cut)
    {
        for (int axis = 0; axis < node.ShapeOf(0).Rank; axis++)
        {
            if (cut.Kept(node.Input(0), axis) is not { } kept || RangeOf(node, axis) is not (>= 0 and var at, var first, _)) continue;
            long end = first + node.Output.Shape![axis].Size;
            Set(1, at, kept.Count(i => i < first));
            Set(2, at, kept.Count(i => i < end));
        }

        void Set(int input, int position, long number)
        {
            long[] numbers = node.Input(input).Constant!.ToInt64s();
            numbers[position] = number;
            graph.ReplaceConstant(node, input, Tensor.Vector<long>(numbers));
        }
    }

    /// <summary>The part of an axis that a slice takes.</summary>
    /// <returns>Its place among the axes that are cut, or −1; the first index; the step. Null where that is computed.</returns>
    private static (int At, long First, long Step)? RangeOf(Node node, int axis)
    {
        Shape shape = node.ShapeOf(0);
        if (node.InputOrNull(3) is { } picked && ShapeContents.Tensor(picked) is null) return null;
        int at = Array.IndexOf(AxesOf(node, shape.Rank, node.ConstantInts(3, "axes"), (int?)node.ShapeOf(1)[0].Number()), axis);
        if (at < 0) return (at, 0, 1);
        if (node.Inputs.Skip(1).Any(i => i is { IsConstant: false })) return null;
        long[] starts = node.ConstantInts(1, "starts")!, ends = node.ConstantInts(2, "ends")!;
        long step = node.ConstantInts(4, "steps")?[at] ?? 1;
        if (shape[axis].IsKnown) return (at, Range(node, shape[axis].Size, starts[at], ends[at], step).First, step);
        // An open axis that stays as long is whole, perhaps backwards.
        return step == 1 ? (at, 0, step) : null;
    }

    public override void InferShapes(Node node)
    {
        Shape shape = node.ShapeOf(0);
        Dim[] dims = [.. shape];
        IReadOnlyList<Dim>? starts = ShapeContents.Of(node.Input(1)), ends = ShapeContents.Of(node.Input(2));
        Dim[]? steps = node.InputOrNull(4) is { } s ? ShapeContents.Of(s)?.ToArray() : [];
        if (node.InputOrNull(3) is { } picked && ShapeContents.Tensor(picked) is null)
        {
            node.Define(0, node.Input(0).Type, new Shape(dims.Select(_ => Dim.Unknown)));
            return;
        }

        int? count = (starts ?? ends)?.Count ?? (int?)node.Input(1).Shape?.FirstOrDefault(Dim.Unknown).Number();
        int[] axes = AxesOf(node, dims.Length, node.ConstantInts(3, "axes"), count);
        bool even = (starts?.Count ?? axes.Length) == axes.Length && (ends?.Count ?? axes.Length) == axes.Length
            && (steps is null or [] || steps.Length == axes.Length);
        if (!even) throw Uneven(node);
        IReadOnlyList<Dim>? content = dims.Length == 1 ? ShapeContents.Of(node.Input(0)) : null;
        for (int i = 0; i < axes.Length; i++)
        {
            Dim dim = dims[axes[i]];
            Dim start = starts?[i] ?? Dim.Unknown, end = ends?[i] ?? Dim.Unknown;
            Dim step = steps is null ? Dim.Unknown : steps.Length == 0 ? 1 : steps[i];
            dims[axes[i]] = Length(node, dim, start, end, step);
            bool follows = content is not null && dim.IsKnown
                && start.Number() is not null && end.Number() is not null && step.Number() is not null;
            content = !follows ? null : Take(
                content!, Range(node, dim.Size, start.Number()!.Value, end.Number()!.Value, step.Number()!.Value), step);
        }

        node.Define(0, node.Input(0).Type, new Shape(dims), content);
    }

    public override void Forward(ForwardContext context)
    {
        Tensor input = context.Input(0);
        (int[] dims, int[] strides, int offset) = ViewOf(context.Node, input, context.InputOrNull);
        context.Output = DataMovement.View(context.Node, input, dims, strides, offset);
    }

    public void Backward(BackwardContext context)
    {
        Tensor x = context.Input(0), dx = context.Node.Allocate(ElementType.Float32, x.Dims);
        (_, int[] strides, int offset) = ViewOf(context.Node, x, context.InputOrNull);
        DataMovement.AddToView(context.OutputGradient, dx, strides, offset);
        context.Gradients[0] = dx;
    }

    /// <summary>Which elements of the input the slice is.</summary>
    private static (int[] Dims, int[] Strides, int Offset) ViewOf(Node node, Tensor input, Func<int, Tensor?> inputs)
    {
        int[] dims = input.Dims.ToArray(), strides = DataMovement.Strides(input.Dims);
        int offset = 0;
        long[] starts = Ints(1, "starts")!, ends = Ints(2, "ends")!;
        long[]? steps = Ints(4, "steps");
        int[] axes = AxesOf(node, input.Rank, Ints(3, "axes"), starts.Length);
        if (ends.Length != axes.Length || (steps is not null && steps.Length != axes.Length)) throw Uneven(node);
        for (int i = 0; i < axes.Length; i++)
        {
            int axis = axes[i];
            long step = steps?[i] ?? 1;
            (long first, long count) = Range(node, dims[axis], starts[i], ends[i], step);
            dims[axis] = (int)count;
            if (count == 0) continue;
            offset += (int)first * strides[axis];
            // With one element the step is never taken, and may be larger than any index.
            strides[axis] = count == 1 ? 0 : strides[axis] * (int)step;
        }

        return (dims, strides, offset);

        long[]? Ints(int index, string name) => inputs(index) is { } tensor ? node.Ints(tensor, name)
            : index <= 2 ? throw GraphDiagnostics.MissingInput.Error(node.Label, node.Type, index) : null;
    }

    /// <summary>The first position and the number of elements that a slice takes from an axis.</summary>
    /// <param name="start">The start; negative to count from the end.</param>
    /// <param name="end">The end, exclusive; negative to count from the end.</param>
    /// <param name="step">The step; negative to go backwards.</param>
    internal static (long First, long Count) Range(Node node, long length, long start, long end, long step)
    {
        if (step == 0) throw GraphDiagnostics.InvalidAttribute.Error(node.Label, "steps", "contains 0");
        if (start < 0) start += length;
        if (end < 0) end += length;
        // The largest possible step; the bound also keeps later arithmetic from overflowing.
        step = Math.Clamp(step, -int.MaxValue, int.MaxValue);
        start = step > 0 ? Math.Clamp(start, 0, length) : Math.Clamp(start, Math.Min(0, length - 1), length - 1);
        end = step > 0 ? Math.Clamp(end, 0, length) : Math.Clamp(end, -1, Math.Max(-1, length - 1));
        long count = step > 0 ? (end - start + step - 1) / step : (start - end - step - 1) / -step;
        return (start, Math.Max(0, count));
    }

    private static Dim Length(Node node, Dim dim, Dim start, Dim end, Dim step)
    {
        if (step.Number() is not { } by) return Dim.Unknown;
        long? from = start.Number(), to = end.Number();
        if (dim.IsKnown && from is not null && to is not null) return Range(node, dim.Size, from.Value, to.Value, by).Count;
        if (by == -1 && from is -1 or >= int.MaxValue && to is <= -int.MaxValue) return dim;
        if (by <= 0) return Dim.Unknown;
        bool isToEnd = end == dim || to >= int.MaxValue;
        // Assumes that an open axis has the elements cut off from its ends, so that x[1:] and x[:-1] are equally long.
        if (from is >= 0 and < int.MaxValue && (isToEnd || to is < 0 and > -int.MaxValue))
            return Steps(dim - Dim.Literal(from.Value - (isToEnd ? 0 : to!.Value)));
        Dim first = Place(start, dim), last = isToEnd ? dim : Place(end, dim);
        return Steps(Dim.IsNotNegative(end - start) && Dim.IsNotNegative(start) ? last - first : Dim.Max(last - first, 0));

        Dim Steps(Dim length) => Dim.CeilDivide(length, by);
    }

    /// <summary>The place that a start or end means on an axis; unknown where it is not certain whether it counts from the back.</summary>
    private static Dim Place(Dim at, Dim length) =>
        at.Number() < 0 ? Dim.Max(length + at, 0) : Dim.IsNotNegative(at) ? Dim.Min(at, length) : Dim.Unknown;

    private static Dim[] Take(IReadOnlyList<Dim> content, (long First, long Count) range, Dim step)
    {
        var result = new Dim[range.Count];
        for (int i = 0; i < result.Length; i++) result[i] = content[(int)(range.First + (i * step.Number()!.Value))];
        return result;
    }

    private static int[] AxesOf(Node node, int rank, long[]? axes, int? count)
    {
        if (axes is not null) return axes.Length == (count ?? axes.Length) ? node.Axes(axes, rank) : throw Uneven(node);
        if (count is null)
            throw GraphDiagnostics.UnsupportedForm.Error(node.Label, node.Type, "neither axes nor starts are known");
        return count <= rank ? [.. Enumerable.Range(0, count.Value)] : throw Uneven(node);
    }

    private static CompilationException Uneven(Node node) =>
        GraphDiagnostics.ShapeMismatch.Error(node.Label, "starts, ends, axes and steps are not equally many, or too many");

    public override bool TakesComputedSizes(Node node) => true;

    public override void Lower(Lowering context, Node node)
    {
        if (node.Inputs.Skip(1).Any(i => i is not null && ShapeContents.Tensor(i) is null) || context.IsOpen(node.Input(0)))
        {
            SliceLowering.Lower(context, node);
            return;
        }

        int[] order = context.OrderOf(node.Input(0));
        Shape shape = node.ShapeOf(0);
        long[] starts = node.ConstantInts(1, "starts")!, ends = node.ConstantInts(2, "ends")!;
        long[]? steps = node.ConstantInts(4, "steps");
        int[] axes = AxesOf(node, order.Length, node.ConstantInts(3, "axes"), starts.Length);
        int[] begin = new int[order.Length], end = new int[order.Length], stride = new int[order.Length];
        int openBegins = 0, openEnds = 0;
        for (int i = 0; i < order.Length; i++)
        {
            int given = Array.IndexOf(axes, order[i]);
            long step = given < 0 ? 1 : steps?[given] ?? 1;
            stride[i] = (int)Math.Clamp(step, -int.MaxValue, int.MaxValue);
            Dim dim = shape[order[i]];
            if (!dim.IsKnown)
            {
                // An open axis stays whole, or else shape inference would not know its size.
                if (node.Output.Shape![order[i]] != dim)
                    throw GraphDiagnostics.DynamicShape.Error(node.Label, node.Output.Name, node.Output.Shape);
                (openBegins, openEnds) = (openBegins | (1 << i), openEnds | (1 << i));
                continue;
            }

            (long first, long count) = given < 0 ? (0, dim.Size) : Range(node, dim.Size, starts[given], ends[given], step);
            long last = first + ((count - 1) * stride[i]);
            begin[i] = (int)first;
            end[i] = (int)(count == 0 ? first : last + Math.Sign(step));
            // Backwards to the very first: -1 would mean the last.
            if (end[i] < 0) (end[i], openEnds) = (0, openEnds | (1 << i));
        }

        TfliteTensor input = context.Input(node, 0, order), output = context.Output(node, 0, order);
        // Of a SLICE whose size is -1, which is the rest, LiteRT's XNNPACK computes nothing.
        if (openEnds == 0 && Array.TrueForAll(stride, s => s == 1))
        {
            int[] sizes = [.. begin.Select((b, i) => end[i] - b)];
            context.Emit(
                BuiltinOperator.Slice, [input, Vector("begin", begin), Vector("size", sizes)], [output],
                new EmptyOptions(BuiltinOptionsType.Slice));
            return;
        }

        context.Emit(
            BuiltinOperator.StridedSlice, [input, Vector("begin", begin), Vector("end", end), Vector("strides", stride)],
            [output], new StridedSliceOptions(openBegins, openEnds, 0, 0, 0));

        TfliteTensor Vector(string name, int[] numbers) => context.Constant(name, Tensor.Vector<int>(numbers));
    }
}
