using System.Numerics;

namespace ModelOpt.Runtime.Kernels.Movement;

/// <summary>Finds the rows that differ, of a matrix of numbers.</summary>
/// <param name="isSorted">Whether they are ordered by their numbers, not by where they come first.</param>
internal readonly ref struct DistinctRows<T>(ReadOnlySpan<T> rows, int width, bool isSorted)
    where T : unmanaged, INumber<T>
{
    private readonly ReadOnlySpan<T> _rows = rows;

    /// <summary>Finds the rows.</summary>
    /// <param name="first">Receives where each comes first.</param>
    /// <param name="inverse">Receives, for each row, which of them it is.</param>
    /// <param name="counts">Receives how often each comes.</param>
    /// <param name="scratch">Memory for three numbers of each row.</param>
    /// <returns>How many there are.</returns>
    public int Find(Span<long> first, Span<long> inverse, Span<long> counts, Span<int> scratch)
    {
        int count = inverse.Length, found = 0;
        Span<int> order = scratch[..count], group = scratch.Slice(count, count), places = scratch.Slice(2 * count, count);
        for (int i = 0; i < count; i++)
            order[i] = i;
        Sort(order);
        for (int i = 0; i < count; i++)
        {
            if (i > 0 && Compare(order[i - 1], order[i]) != 0)
                found++;
            group[order[i]] = found;
        }

        places.Fill(-1);
        int seen = 0;
        for (int i = 0; i < count; i++)
        {
            ref int place = ref places[group[i]];
            if (place < 0)
            {
                place = isSorted ? group[i] : seen;
                seen++;
                first[place] = i;
                counts[place] = 0;
            }

            inverse[i] = place;
            counts[place]++;
        }

        return seen;
    }

    // A heap, as kernels allocate nothing.
    private void Sort(Span<int> order)
    {
        for (int root = (order.Length / 2) - 1; root >= 0; root--)
            Sink(order, root);
        for (int last = order.Length - 1; last > 0; last--)
        {
            (order[0], order[last]) = (order[last], order[0]);
            Sink(order[..last], 0);
        }
    }

    private void Sink(Span<int> heap, int root)
    {
        for (int child = (2 * root) + 1; child < heap.Length; child = (2 * root) + 1)
        {
            if (child + 1 < heap.Length && Compare(heap[child], heap[child + 1]) < 0)
                child++;
            if (Compare(heap[root], heap[child]) >= 0)
                return;
            (heap[root], heap[child]) = (heap[child], heap[root]);
            root = child;
        }
    }

    private int Compare(int a, int b)
    {
        ReadOnlySpan<T> left = _rows.Slice(a * width, width), right = _rows.Slice(b * width, width);
        for (int i = 0; i < width; i++)
        {
            int order = left[i].CompareTo(right[i]);
            if (order != 0)
                return order;
        }

        return 0;
    }
}
