namespace ModelOpt.Runtime.Threading;

/// <summary>
/// The pools of this process: models of equal numbers of threads share one, so that many models do not start many threads.
/// A pool ends with the last model that uses it.
/// </summary>
internal static class SharedWorkers
{
    private static readonly Lock Gate = new();
    private static readonly List<Entry> Entries = [];

    /// <summary>The pool of a number of threads. It must be returned; one that is not is left to the collector.</summary>
    public static WorkerPool Rent(int threads)
    {
        if (threads == 1)
            return new WorkerPool(1);
        lock (Gate)
        {
            foreach (Entry entry in Entries)
            {
                if (entry.Threads == threads && entry.Pool.TryGetTarget(out WorkerPool? pool))
                {
                    entry.Users++;
                    return pool;
                }
            }

            Entries.RemoveAll(entry => !entry.Pool.TryGetTarget(out _));
            var created = new WorkerPool(threads);
            Entries.Add(new Entry(threads, new WeakReference<WorkerPool>(created)));
            return created;
        }
    }

    /// <summary>Ends one use of a pool.</summary>
    public static void Return(WorkerPool pool)
    {
        lock (Gate)
        {
            Entry? used = Entries.Find(entry => entry.Pool.TryGetTarget(out WorkerPool? target) && target == pool);
            if (used is null || --used.Users > 0)
                return;
            Entries.Remove(used);
        }

        pool.Dispose();
    }

    /// <summary>A pool and the models that use it. Weak, so that models which nobody disposes of do not keep threads.</summary>
    private sealed class Entry(int threads, WeakReference<WorkerPool> pool)
    {
        public int Threads => threads;

        public WeakReference<WorkerPool> Pool => pool;

        public int Users { get; set; } = 1;
    }
}
