namespace ModelOpt.Runtime.Model;

/// <summary>
/// Counts the runs of an operator that draws random numbers, so that each run draws others. Safe for any number of threads.
/// </summary>
internal sealed class CallCounter
{
    private long _next;

    /// <summary>The number of this run, from 0.</summary>
    public long Next() => Interlocked.Increment(ref _next) - 1;
}
