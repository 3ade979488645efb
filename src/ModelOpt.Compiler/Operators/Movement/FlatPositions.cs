using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Movement;

/// <summary>
/// Indices of gathers and scatters as positions in a tensor seen as a list of slices: of single elements where indices stand along one
/// axis, or of what lies behind the axes that a vector of indices names. Negative indices count from the back.
/// </summary>
/// <param name="Strides">For each number of an index, the distance that it counts in.</param>
/// <param name="Sizes">For each number of an index, the size that it counts in.</param>
/// <param name="Base">For each index, the position that it counts from.</param>
/// <param name="Slices">The number of slices.</param>
/// <param name="Slice">Elements of a slice.</param>
internal sealed record FlatPositions(int[] Strides, int[] Sizes, int[] Base, int Slices, int Slice)
{
    /// <summary>Indices along an axis, of elements that have the other coordinates of the index.</summary>
    /// <param name="indices">The sizes of the indices, of the same rank.</param>
    public static FlatPositions Along(int[] data, int[] indices, int axis)
    {
        int[] strides = DataMovement.Strides(data), starts = new int[DataMovement.Count(indices)], index = new int[indices.Length];
        for (int i = 0; i < starts.Length; i++)
        {
            for (int a = 0; a < index.Length; a++) starts[i] += a == axis ? 0 : index[a] * strides[a];
            for (int a = index.Length - 1; a >= 0 && ++index[a] == indices[a]; a--) index[a] = 0;
        }

        return new FlatPositions([strides[axis]], [data[axis]], starts, DataMovement.Count(data), 1);
    }

    /// <summary>Vectors of indices, the last axis, into the axes of the data behind those of a batch.</summary>
    /// <param name="batch">The first axes, which both share.</param>
    public static FlatPositions Of(int[] data, int[] indices, int batch)
    {
        int depth = indices[^1], slice = DataMovement.Count(data.AsSpan(batch + depth));
        int[] sizes = data[batch..(batch + depth)], strides = DataMovement.Strides(sizes);
        int rows = DataMovement.Count(sizes), count = DataMovement.Count(indices.AsSpan(0, indices.Length - 1));
        int each = DataMovement.Count(indices.AsSpan(batch, indices.Length - 1 - batch));
        int[] starts = [.. Enumerable.Range(0, count).Select(i => i / Math.Max(1, each) * rows)];
        return new FlatPositions(strides, sizes, starts, DataMovement.Count(data.AsSpan(0, batch)) * rows, slice);
    }

    /// <summary>The positions that indices say.</summary>
    /// <exception cref="CompilationException">An index is outside of its axis.</exception>
    public int[] Resolve(Node node, Tensor indices)
    {
        long[] numbers = node.Ints(indices, "indices");
        int[] positions = [.. Base];
        for (int i = 0; i < numbers.Length; i++)
        {
            int axis = i % Sizes.Length;
            long index = numbers[i] < 0 ? numbers[i] + Sizes[axis] : numbers[i];
            if (index < 0 || index >= Sizes[axis])
                throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"index {numbers[i]} is outside an axis of size {Sizes[axis]}");
            positions[i / Sizes.Length] += (int)index * Strides[axis];
        }

        return positions;
    }

    /// <summary>The positions as an int32 vector, from indices that are constant or computed.</summary>
    /// <param name="index">The position of the indices among the inputs.</param>
    public TfliteTensor Lower(Lowering context, Node node, int index)
    {
        if (node.Input(index).Constant is { } constant) return context.Constant("positions", Tensor.Vector<int>(Resolve(node, constant)));
        var steps = new LoweringSteps(context, node);
        TfliteTensor given = Closed(node, context.Input(node, index));
        TfliteTensor rows = steps.Reshape(steps.Cast(given, TensorType.Int32), [Base.Length, Sizes.Length]);
        return steps.Add(Distances(context, node, rows), context.Constant("starts", Tensor.Vector<int>(Base)));
    }

    /// <summary>How far each of several indices counts, an int32 vector.</summary>
    /// <param name="rows">The indices, int32: a row for each, of as many numbers as it has.</param>
    public TfliteTensor Distances(Lowering context, Node node, TfliteTensor rows)
    {
        var steps = new LoweringSteps(context, node);
        TfliteTensor negative = steps.Binary(
            BuiltinOperator.Maximum, steps.Binary(BuiltinOperator.Minimum, rows, steps.Scalar(0, rows)), steps.Scalar(-1, rows));
        TfliteTensor front = steps.Subtract(rows, steps.Multiply(negative, context.Constant("sizes", Tensor.Vector<int>(Sizes))));
        TfliteTensor distances = steps.Multiply(front, context.Constant("strides", Tensor.Vector<int>(Strides)));
        return steps.Reduce(BuiltinOperator.Sum, distances, [1], keep: false);
    }

    /// <summary>A tensor all of whose sizes are known.</summary>
    /// <exception cref="CompilationException">One is open.</exception>
    public static TfliteTensor Closed(Node node, TfliteTensor tensor) => tensor.OpenAxis < 0 ? tensor
        : throw GraphDiagnostics.DynamicShape.Error(node.Label, node.Output.Name, node.Output.Shape);

    /// <summary>The slices at positions, one after another.</summary>
    public void Copy(Tensor data, ReadOnlySpan<int> positions, Tensor result)
    {
        int size = Slice * data.Type.Size();
        for (int i = 0; i < positions.Length; i++)
            data.Bytes.Span.Slice(positions[i] * size, size).CopyTo(result.Bytes.Span[(i * size)..]);
    }
}
