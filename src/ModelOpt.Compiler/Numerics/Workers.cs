using System.Runtime.ExceptionServices;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Numerics;

/// <summary>The threads of a compile, and what ends their work. The default is the calling thread alone.</summary>
/// <param name="Pool">The threads; null for the calling thread alone.</param>
internal readonly record struct Workers(WorkerPool? Pool, CancellationToken Cancellation = default)
{
    /// <summary>Does work part by part, on all threads. An exception on a thread is thrown here.</summary>
    /// <param name="parts">How many parts; none depends on another.</param>
    /// <exception cref="OperationCanceledException"><see cref="Cancellation"/> was signalled; parts may be left undone.</exception>
    public void For(int parts, Action<int> work)
    {
        var job = new Job(work, Cancellation);
        if (Pool is null)
        {
            for (int i = 0; i < parts; i++) job.Execute(i);
        }
        else
        {
            try
            {
                Pool.Run(job, parts);
            }
            catch (InvalidOperationException e) when (e.InnerException is { } inner)
            {
                ExceptionDispatchInfo.Capture(inner).Throw();
            }
        }

        Cancellation.ThrowIfCancellationRequested();
    }

    private sealed class Job(Action<int> work, CancellationToken cancellation) : IParallelJob
    {
        public void Execute(int part)
        {
            if (!cancellation.IsCancellationRequested) work(part);
        }
    }
}
