using System.Numerics;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Reduction;

/// <summary>The greatest numbers of each row in falling order, and their positions; the first of equal ones comes first.</summary>
/// <typeparam name="T">The numbers.</typeparam>
internal sealed class TopKKernel<T>(int rows, int length, int count) : Kernel
    where T : unmanaged, INumber<T>
{
    public override int Items => rows;

    public override long Work => (long)rows * length * 8;

    public override void Run(in KernelArguments args, int start, int end)
    {
        ReadOnlySpan<T> x = args.Input<T>(0);
        Span<T> y = args.Output<T>(0);
        Span<int> places = args.Output<int>(1);
        for (int row = start; row < end; row++)
            Select(x.Slice(row * length, length), y.Slice(row * count, count), places.Slice(row * count, count));
    }

    // A heap of the best so far, the worst of them on top; then it is emptied from the back.
    private static void Select(ReadOnlySpan<T> x, Span<T> y, Span<int> heap)
    {
        for (int i = 0; i < heap.Length; i++)
            heap[i] = i;
        for (int i = (heap.Length / 2) - 1; i >= 0; i--)
            Sink(x, heap, i);
        for (int i = heap.Length; i < x.Length && heap.Length > 0; i++)
        {
            if (!IsWorse(x, i, heap[0]))
            {
                heap[0] = i;
                Sink(x, heap, 0);
            }
        }
        for (int last = heap.Length - 1; last > 0; last--)
        {
            (heap[0], heap[last]) = (heap[last], heap[0]);
            Sink(x, heap[..last], 0);
        }
        for (int i = 0; i < y.Length; i++)
            y[i] = x[heap[i]];
    }

    private static void Sink(ReadOnlySpan<T> x, Span<int> heap, int at)
    {
        for (int child; (child = (2 * at) + 1) < heap.Length; at = child)
        {
            if (child + 1 < heap.Length && IsWorse(x, heap[child + 1], heap[child]))
                child++;
            if (IsWorse(x, heap[at], heap[child]))
                return;
            (heap[at], heap[child]) = (heap[child], heap[at]);
        }
    }

    private static bool IsWorse(ReadOnlySpan<T> x, int left, int right)
    {
        int order = x[left].CompareTo(x[right]);
        return order < 0 || (order == 0 && left > right);
    }
}
