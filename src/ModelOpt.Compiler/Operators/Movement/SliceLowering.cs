using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Movement;

/// <summary>A Slice whose starts, ends, axes or steps are computed, as STRIDED_SLICE with computed begins and ends.</summary>
internal static class SliceLowering
{
    public static void Lower(Lowering context, Node node)
    {
        int[] order = context.OrderOf(node.Input(0));
        var steps = new LoweringSteps(context, node);
        TfliteTensor input = context.Input(node, 0, order);
        TfliteTensor starts = Vector(1), ends = Vector(2);
        TfliteTensor? by = node.InputOrNull(4) is null ? null : Vector(4);
        // Backwards, ONNX takes a start before the first element as the first element, TFLite as nothing.
        (TfliteTensor begin, TfliteTensor end, TfliteTensor? stride) = node.InputOrNull(3) is { } axes
            ? Spread(starts, ends, by, axes) : Behind(starts, ends, by);
        if (stride is not null) begin = steps.Binary(BuiltinOperator.Maximum, begin, steps.Subtract(steps.Ints(0), steps.Sizes(input)));
        stride ??= steps.Ints([.. Enumerable.Repeat(1, order.Length)]);
        context.Emit(
            BuiltinOperator.StridedSlice, [input, begin, end, stride], [context.Output(node, 0, order)],
            new StridedSliceOptions(0, 0, 0, 0, 0));

        TfliteTensor Vector(int index) => steps.Bounded(context.Input(node, index));

        // Of the first axes, or all.
        (TfliteTensor, TfliteTensor, TfliteTensor?) Behind(TfliteTensor starts, TfliteTensor ends, TfliteTensor? by) =>
            (Fill(starts, 0), Fill(ends, int.MaxValue), by is null ? null : Fill(by, 1));

        TfliteTensor Fill(TfliteTensor numbers, int other)
        {
            int[] places = [.. order.Select(axis => Math.Min(axis, numbers.Dims[0]))];
            return steps.Gather(steps.Join(numbers, steps.Ints(other)), 0, places);
        }

        // Of axes by their numbers: entry i of starts belongs to axis k where a table has a 1 at [i, k].
        (TfliteTensor, TfliteTensor, TfliteTensor?) Spread(TfliteTensor starts, TfliteTensor ends, TfliteTensor? by, Value axes)
        {
            int count = checked((int)axes.Shape![0].Size);
            if (ShapeContents.Tensor(axes) is { } known)
            {
                int[] given = node.Axes(node.Ints(known, "axes"), order.Length);
                int[] places = [.. order.Select(axis => Array.IndexOf(given, axis) is >= 0 and var at ? at : count)];
                return (Pick(starts, 0), Pick(ends, int.MaxValue), by is null ? null : Pick(by, 1));

                TfliteTensor Pick(TfliteTensor numbers, int other) => steps.Gather(steps.Join(numbers, steps.Ints(other)), 0, places);
            }

            TfliteTensor column = steps.Reshape(Vector(3), [count, 1]);
            TfliteTensor table = steps.Add(
                steps.IsNumber(column, Row(order)), steps.IsNumber(column, Row([.. order.Select(axis => axis - order.Length)])));
            return (Sum(starts, 0), Sum(ends, int.MaxValue), by is null ? null : Sum(by, 1));

            TfliteTensor Row(int[] numbers) => steps.Reshape(steps.Ints(numbers), [1, numbers.Length]);

            TfliteTensor Sum(TfliteTensor numbers, int other)
            {
                TfliteTensor own = steps.Multiply(table, steps.Reshape(numbers, [count, 1]));
                TfliteTensor sum = steps.Reduce(BuiltinOperator.Sum, own, [0], keep: false);
                TfliteTensor isGiven = steps.Reduce(BuiltinOperator.Sum, table, [0], keep: false);
                return steps.Add(sum, steps.Multiply(steps.Subtract(steps.Ints(1), isGiven), steps.Ints(other)));
            }
        }
    }
}
