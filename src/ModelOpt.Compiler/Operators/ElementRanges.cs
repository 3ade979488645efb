using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Operators;

/// <summary>Divides work on single elements among threads.</summary>
internal static class ElementRanges
{
    // Enough that a fork costs nothing beside it, and a multiple of any vector, so that only the last range has a remainder.
    private const int Length = 1 << 14;

    /// <summary>Does work on all elements, range by range.</summary>
    /// <param name="count">How many elements there are.</param>
    /// <param name="pool">The threads, or null for the caller's only.</param>
    /// <param name="work">Does it from a first element on for a number of elements.</param>
    public static void Run(int count, WorkerPool? pool, Action<int, int> work) =>
        new PlaneJob((count + Length - 1) / Length, part =>
        {
            int start = part * Length;
            work(start, Math.Min(Length, count - start));
        }).Run(pool);
}
