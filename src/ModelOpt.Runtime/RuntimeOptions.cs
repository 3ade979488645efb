namespace ModelOpt.Runtime;

/// <summary>How a model is run.</summary>
public sealed record RuntimeOptions
{
    /// <summary>
    /// Threads that work on one call of Run, the caller included. 1, the default, starts no thread: a server gains most by calling Run
    /// from several threads at once. 0 means all processors. Models with equal numbers share their threads. Any number gives the same
    /// bits.
    /// </summary>
    public int Threads { get; init; } = 1;
}
