using ModelOpt.Compiler.Numerics;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Graphs;

/// <summary>Work on each plane (image and channel) of a tensor, divided among threads.</summary>
internal readonly struct PlaneJob(int planes, Action<int> work)
{
    /// <summary>Does all of it. An exception on a thread is thrown here.</summary>
    /// <param name="pool">The threads, or null for the caller's only.</param>
    public void Run(WorkerPool? pool) => new Workers(pool).For(planes, work);
}
