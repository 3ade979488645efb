using System.Numerics;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Graphs;

/// <summary>Divides work on single elements among threads.</summary>
internal static class ElementRanges
{
    /// <summary>
    /// Elements of a range but the last: enough that a fork costs nothing beside it, and a multiple of any vector, so that only the
    /// last range has a remainder.
    /// </summary>
    public const int Length = 1 << 14;

    /// <summary>How many ranges there are.</summary>
    public static int Count(int elements) => (elements + Length - 1) / Length;

    /// <summary>Does work on all elements, range by range.</summary>
    /// <param name="pool">The threads, or null for the caller's only.</param>
    /// <param name="work">Does it from a first element on for a number of elements.</param>
    public static void Run(int elements, WorkerPool? pool, Action<int, int> work) => new PlaneJob(Count(elements), part =>
    {
        int start = part * Length;
        work(start, Math.Min(Length, elements - start));
    }).Run(pool);

    /// <summary>sum = a + b.</summary>
    /// <param name="sum">Takes the sums; may be one of the two.</param>
    public static void Sum(ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> sum)
    {
        int i = 0;
        for (; i <= sum.Length - Vector<float>.Count; i += Vector<float>.Count)
            (new Vector<float>(a[i..]) + new Vector<float>(b[i..])).CopyTo(sum[i..]);
        for (; i < sum.Length; i++) sum[i] = a[i] + b[i];
    }
}
