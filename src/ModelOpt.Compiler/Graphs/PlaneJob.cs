using System.Runtime.ExceptionServices;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Graphs;

/// <summary>Work on each plane (image and channel) of a tensor, divided among threads.</summary>
internal sealed class PlaneJob(int planes, Action<int> work) : IParallelJob
{
    public void Execute(int part) => work(part);

    /// <summary>Does all of it. An exception on a thread is thrown here.</summary>
    /// <param name="pool">The threads, or null for the caller's only.</param>
    public void Run(WorkerPool? pool)
    {
        if (pool is null)
        {
            for (int i = 0; i < planes; i++) work(i);
            return;
        }

        try
        {
            pool.Run(this, planes);
        }
        catch (InvalidOperationException e) when (e.InnerException is { } inner)
        {
            ExceptionDispatchInfo.Capture(inner).Throw();
        }
    }
}
