using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Operators.Description;

/// <summary>Arithmetic on axis orders: stored axis <c>i</c> holds axis <c>order[i]</c>.</summary>
internal static class AxisOrder
{
    /// <summary>The order that changes nothing.</summary>
    public static int[] Identity(int rank) => [.. Enumerable.Range(0, rank)];

    /// <summary>Whether the order changes nothing.</summary>
    public static bool IsIdentity(ReadOnlySpan<int> order)
    {
        for (int i = 0; i < order.Length; i++)
        {
            if (order[i] != i) return false;
        }

        return true;
    }

    /// <summary>Where each axis is stored.</summary>
    public static int[] Inverse(ReadOnlySpan<int> order)
    {
        int[] inverse = new int[order.Length];
        for (int i = 0; i < order.Length; i++) inverse[order[i]] = i;
        return inverse;
    }

    /// <summary>The elements that an order picks: <c>result[i] = items[order[i]]</c>.</summary>
    /// <param name="items">Something per axis.</param>
    public static int[] Apply(ReadOnlySpan<int> items, ReadOnlySpan<int> order)
    {
        int[] result = new int[order.Length];
        for (int i = 0; i < order.Length; i++) result[i] = items[order[i]];
        return result;
    }

    /// <summary>The permutation that a TRANSPOSE needs to bring one order to another.</summary>
    public static int[] Between(ReadOnlySpan<int> from, ReadOnlySpan<int> to) => Apply(Inverse(from), to);

    /// <summary>Whether a permutation leaves the elements where they are: only axes of size 1 move.</summary>
    /// <param name="dims">The sizes before; the open axis counts as larger than 1.</param>
    public static bool KeepsElements(ReadOnlySpan<long> dims, ReadOnlySpan<int> permutation)
    {
        int last = -1;
        foreach (int axis in permutation)
        {
            if (dims[axis] == 1) continue;
            if (axis < last) return false;
            last = axis;
        }

        return true;
    }

    /// <summary>
    /// The order in which a reshaped value is stored when its source's elements stay where they are, or null where
    /// no order of the target's axes says so.
    /// </summary>
    /// <param name="source">The source's sizes; the open axis has a size that divides no other.</param>
    /// <param name="order">The order in which the source is stored.</param>
    /// <remarks>
    /// Both sides are cut into the smallest runs of axes with equal element counts. A run whose source axes are stored
    /// side by side and in sequence can be reshaped where it is, and runs move as wholes.
    /// </remarks>
    public static int[]? Reshape(ReadOnlySpan<long> source, ReadOnlySpan<int> order, ReadOnlySpan<long> target)
    {
        // run[a]: the run that source axis a belongs to; axes of size 1 belong to none.
        int[] run = new int[source.Length];
        List<List<int>> runs = [];
        int s = 0, t = 0;
        while (s < source.Length || t < target.Length)
        {
            List<int> axes = [];
            long left = 1, right = 1;
            do
            {
                if (left <= right && s < source.Length)
                {
                    left *= source[s];
                    run[s] = source[s] == 1 ? -1 : runs.Count;
                    s++;
                }
                else if (t < target.Length)
                {
                    right *= target[t];
                    axes.Add(t++);
                }
                else
                {
                    return null;
                }
            }
            while (left != right);

            runs.Add(axes);
        }

        int[] stored = [.. order.ToArray().Where(axis => run[axis] >= 0)];
        List<int> result = [];
        HashSet<int> done = [];
        for (int i = 0; i < stored.Length; i++)
        {
            int current = run[stored[i]];
            if (i > 0 && run[stored[i - 1]] == current)
            {
                if (stored[i] < stored[i - 1]) return null;
                continue;
            }

            if (!done.Add(current)) return null;
            result.AddRange(runs[current]);
        }

        // Runs without elements of their own (all sizes 1) may stand anywhere: where they stand in the target.
        for (int axis = 0; axis < target.Length; axis++)
        {
            if (!result.Contains(axis)) result.Insert(Math.Min(axis, result.Count), axis);
        }

        return [.. result];
    }

    /// <summary>The tensor with its axes in another order.</summary>
    public static Tensor Permute(Tensor tensor, ReadOnlySpan<int> order)
    {
        if (IsIdentity(order)) return tensor;
        int[] dims = Apply(tensor.Dims, order);
        int size = tensor.Type.Size();
        int[] strides = new int[tensor.Rank];
        for (int axis = tensor.Rank - 1, stride = size; axis >= 0; stride *= tensor.Dims[axis], axis--) strides[axis] = stride;
        int[] steps = Apply(strides, order);

        Tensor result = Tensor.Zeros(tensor.Type, dims);
        Span<byte> to = result.Bytes.Span;
        ReadOnlySpan<byte> from = tensor.Bytes.Span;
        int[] index = new int[dims.Length];
        int offset = 0;
        for (int i = 0; i < to.Length; i += size)
        {
            from.Slice(offset, size).CopyTo(to[i..]);
            for (int axis = dims.Length - 1; axis >= 0; axis--)
            {
                offset += steps[axis];
                if (++index[axis] < dims[axis]) break;
                offset -= steps[axis] * dims[axis];
                index[axis] = 0;
            }
        }

        return result;
    }
}
