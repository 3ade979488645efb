using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Operators;

/// <summary>Divides work on single elements among threads.</summary>
internal static class ElementRanges
{
    /// <summary>
    /// Elements of a range but the last: enough that a fork costs nothing beside it, and a multiple of any vector, so that only the
    /// last range has a remainder.
    /// </summary>
    public const int Length = 1 << 14;

    /// <summary>How many ranges there are.</summary>
    /// <param name="elements">How many elements there are.</param>
    public static int Count(int elements) => (elements + Length - 1) / Length;

    /// <summary>Does work on all elements, range by range.</summary>
    /// <param name="elements">How many elements there are.</param>
    /// <param name="pool">The threads, or null for the caller's only.</param>
    /// <param name="work">Does it from a first element on for a number of elements.</param>
    public static void Run(int elements, WorkerPool? pool, Action<int, int> work) => new PlaneJob(Count(elements), part =>
    {
        int start = part * Length;
        work(start, Math.Min(Length, elements - start));
    }).Run(pool);
}
