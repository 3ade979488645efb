using ModelOpt.Runtime.Threading;

namespace ModelOpt.Runtime.Storage;

/// <summary>Decodes runs, each on any thread.</summary>
/// <param name="runs">The runs, which do not overlap.</param>
/// <param name="file">Takes their weights.</param>
internal sealed class ExpandJob(IReadOnlyList<CodedRun> runs, byte[] file) : IParallelJob
{
    private InvalidModelException? _error;

    /// <summary>Decodes all of them.</summary>
    /// <param name="workers">The threads; null for the calling one.</param>
    /// <exception cref="InvalidModelException">A run is damaged.</exception>
    public void Run(WorkerPool? workers)
    {
        if (workers is not null)
            workers.Run(this, runs.Count);
        for (int i = 0; i < runs.Count && workers is null; i++)
            Execute(i);
        if (_error is { } error)
            throw error;
    }

    /// <inheritdoc/>
    public void Execute(int part)
    {
        CodedRun run = runs[part];
        try
        {
            WeightDecoder.Decode(run, file.AsSpan(run.Start, (int)run.Bytes));
        }
        catch (InvalidModelException e)
        {
            _error = e;
        }
    }
}
