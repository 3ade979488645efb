using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Movement;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Selection;

/// <summary>
/// What <see cref="FlatPositions"/> says where sizes are open: indices as positions in a tensor that is seen as rows of slices, computed
/// from the sizes of a run.
/// </summary>
/// <param name="Rows">The number of slices.</param>
/// <param name="Slice">Elements of a slice.</param>
/// <param name="Count">The number of positions.</param>
/// <param name="Positions">The positions, an int32 vector.</param>
internal sealed record OpenPositions(Dim Rows, Dim Slice, Dim Count, TfliteTensor Positions)
{
    /// <summary>Indices along an axis (input 1), of elements of the data (input 0) that have the other coordinates of the index.</summary>
    public static OpenPositions Along(Lowering context, Node node, int axis)
    {
        var steps = new LoweringSteps(context, node);
        var sizes = new SizeSteps(context, node);
        Shape data = node.ShapeOf(0), indices = node.ShapeOf(1);
        TfliteTensor at = steps.Cast(FromFront(context, node, context.Input(node, 1), data[axis]), TensorType.Int32);
        at = steps.Multiply(at, sizes.Vector([Product(data.Skip(axis + 1))]));
        for (int i = 0; i < data.Rank; i++)
        {
            if (i == axis || indices[i] == 1) continue;
            int[] line = [.. Enumerable.Repeat(1, data.Rank)];
            TfliteTensor coordinates = sizes.Range(indices[i]);
            line[i] = coordinates.Dims[0];
            TfliteTensor stride = sizes.Vector([Product(data.Skip(i + 1))]);
            at = steps.Add(at, steps.Multiply(steps.Reshape(coordinates, line), stride));
        }

        return new OpenPositions(Product(data), 1, Product(indices), steps.Reshape(at, [Known(Product(indices))]));
    }

    /// <summary>Vectors of indices, the last axis of input 1, into the axes of input 0 behind those of a batch.</summary>
    /// <param name="batch">The first axes, which both share.</param>
    public static OpenPositions Of(Lowering context, Node node, int batch)
    {
        var steps = new LoweringSteps(context, node);
        var sizes = new SizeSteps(context, node);
        Shape data = node.ShapeOf(0), indices = node.ShapeOf(1);
        int depth = (int)indices[^1].Size;
        Dim[] within = [.. data.Skip(batch).Take(depth)];
        Dim count = Product(indices.Take(indices.Rank - 1)), groups = Product(data.Take(batch));
        TfliteTensor rows = steps.Reshape(steps.Cast(context.Input(node, 1), TensorType.Int32), [Known(count), depth]);
        TfliteTensor negative = steps.Binary(
            BuiltinOperator.Maximum, steps.Binary(BuiltinOperator.Minimum, rows, steps.Ints(0)), steps.Ints(-1));
        TfliteTensor front = steps.Subtract(rows, steps.Multiply(negative, sizes.Vector(within)));
        TfliteTensor distances = steps.Multiply(front, sizes.Vector(within.Select((_, i) => Product(within.Skip(i + 1)))));
        TfliteTensor at = steps.Reduce(BuiltinOperator.Sum, distances, [1], keep: false);
        if (groups != 1)
        {
            TfliteTensor starts = steps.Multiply(sizes.Range(groups), sizes.Vector([Product(within)]));
            Dim each = Product(indices.Skip(batch).Take(indices.Rank - 1 - batch));
            at = steps.Add(sizes.Reshape(at, [groups, each]), sizes.Reshape(starts, [groups, 1]));
            at = steps.Reshape(at, [Known(count)]);
        }

        return new OpenPositions(Product(data.Take(batch + depth)), Product(data.Skip(batch + depth)), count, at);
    }

    /// <summary>Writes the slices of input 0 at the positions as output 0.</summary>
    public void Gather(Lowering context, Node node)
    {
        var sizes = new SizeSteps(context, node);
        TfliteTensor rows = sizes.Reshape(context.Input(node, 0), [Rows, Slice]);
        TfliteTensor picked = Lowering.Temporary(node, rows.Type, [Known(Count), Known(Slice)], -1, rows.Quantization);
        context.Emit(BuiltinOperator.Gather, [rows, Positions], [picked], new GatherOptions(0));
        sizes.Reshape(picked, node.Output.Shape!, context.Output(node, 0));
    }

    /// <summary>Writes as output 0 input 0 with the slices of input 2 at the positions, in place of what is there or added to it.</summary>
    public void Scatter(Lowering context, Node node, bool adds)
    {
        var steps = new LoweringSteps(context, node);
        var sizes = new SizeSteps(context, node);
        TfliteTensor old = sizes.Reshape(context.Input(node, 0), [Rows, Slice]);
        TfliteTensor news = sizes.Reshape(context.Input(node, 2), [Count, Slice]);
        int[] dims = [Known(Rows), Known(Slice)];
        TfliteTensor result;
        if (adds)
        {
            TfliteTensor wide = steps.Comparable(news), sums = Lowering.Temporary(node, wide.Type, dims);
            context.Emit(
                BuiltinOperator.ScatterNd, [steps.Reshape(Positions, [Known(Count), 1]), wide, sizes.Vector([Rows, Slice])], [sums],
                new EmptyOptions(BuiltinOptionsType.ScatterNd));
            result = steps.Add(old, steps.Cast(sums, news.Type));
        }
        else
        {
            // Of several updates in one place the last stays, as in ONNX Runtime; ONNX leaves it open.
            TfliteTensor last = Lowering.Temporary(node, TensorType.Int32, [Known(Rows)]), rows = sizes.Vector([Rows]);
            context.Emit(
                BuiltinOperator.UnsortedSegmentMax, [steps.Add(sizes.Range(Count), rows), Positions, steps.Reshape(rows, [])], [last]);
            TfliteTensor picks = steps.Binary(BuiltinOperator.Maximum, last, sizes.Range(Rows));
            TfliteTensor all = Lowering.Temporary(node, old.Type, [Known(Rows + Count), Known(Slice)]);
            context.Emit(BuiltinOperator.Concatenation, [old, news], [all], new ConcatenationOptions(0, ActivationFunction.None));
            result = Lowering.Temporary(node, old.Type, dims);
            context.Emit(BuiltinOperator.Gather, [all, picks], [result], new GatherOptions(0));
        }

        sizes.Reshape(result, node.Output.Shape!, context.Output(node, 0));
    }

    /// <summary>Indices that count from the back, as those that count from the front.</summary>
    /// <param name="length">The size that they count in.</param>
    public static TfliteTensor FromFront(Lowering context, Node node, TfliteTensor indices, Dim length)
    {
        var steps = new LoweringSteps(context, node);
        if (length.IsKnown || KnownSigns.IsNeverNegative(node.Input(1))) return steps.FromFront(indices, node.Input(1), length.Size);
        TfliteTensor size = steps.Cast(new SizeSteps(context, node).Vector([length]), indices.Type);
        TfliteTensor zero = steps.Cast(steps.Ints(0), indices.Type);
        return steps.Select(steps.Compare(BuiltinOperator.Less, indices, zero), steps.Add(indices, size), indices);
    }

    private static Dim Product(IEnumerable<Dim> dims) => dims.Aggregate((Dim)1, (product, dim) => product * dim);

    private static int Known(Dim dim) => dim.Number() is { } number ? checked((int)number) : -1;
}
