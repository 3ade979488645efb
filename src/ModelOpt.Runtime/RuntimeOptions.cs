namespace ModelOpt.Runtime;

/// <summary>How a model is run.</summary>
public sealed record RuntimeOptions
{
    /// <summary>
    /// Threads that work on one call of Run, the caller included. 1, the default, starts no thread: a server gains most by
    /// calling Run from several threads at once. 0 stands for all processors. Models of equal
    /// numbers share their threads. The results are the same bits for any number.
    /// </summary>
    public int Threads { get; init; } = 1;
}
