namespace ModelOpt.Runtime.Threading;

/// <summary>Work that <see cref="WorkerPool"/> divides into parts.</summary>
internal interface IParallelJob
{
    /// <summary>Executes part <paramref name="part"/>; called once for each part, from any thread.</summary>
    void Execute(int part);
}

/// <summary>
/// Fork-join over a fixed set of threads; a call allocates nothing. The calling thread works too. One fork runs at a
/// time: while it does, other callers run their parts themselves, so concurrent callers never wait for each other.
/// Idle workers spin briefly, as steps of a model follow each other within microseconds, then park.
/// </summary>
internal sealed class WorkerPool : IDisposable
{
    /// <summary>How often an idle worker looks for work before it parks: about half a millisecond.</summary>
    public const int ManySpins = 2000;

    private readonly State? _state;
    private int _busy;

    /// <param name="threads">Threads that work on one job, the caller included; at least 1.</param>
    /// <param name="spins">How often an idle worker looks for work before it parks. Few where time between forks is long.</param>
    public WorkerPool(int threads, int spins = ManySpins)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        Threads = threads;
        if (threads == 1)
            return;
        _state = new State(spins);
        for (int i = 1; i < threads; i++)
        {
            var thread = new Thread(_state.Work) { IsBackground = true, Name = "ModelOpt worker" };
            thread.Start();
        }
    }

    // The threads refer to the state only, so a pool that nobody disposed of is still collected, and its threads end.
    ~WorkerPool() => _state?.Stop();

    public int Threads { get; }

    /// <summary>Executes all parts and returns when the last has ended.</summary>
    public void Run(IParallelJob job, int parts)
    {
        if (_state is null || parts <= 1 || Interlocked.CompareExchange(ref _busy, 1, 0) != 0)
        {
            for (int i = 0; i < parts; i++)
                job.Execute(i);
            return;
        }
        try
        {
            _state.Run(job, parts);
        }
        finally
        {
            Volatile.Write(ref _busy, 0);
        }
    }

    public void Dispose()
    {
        _state?.Stop();
        GC.SuppressFinalize(this);
    }

    private sealed class State(int spins)
    {
        private readonly object _gate = new();
        private IParallelJob? _job;
        private Exception? _error;
        private int _parts;
        private int _pending;
        private int _parked;
        private volatile bool _stopped;

        // High half: number of the fork. Low half: how many of its parts nobody has claimed. One word, so that a worker that
        // is late claims nothing of another fork: job and parts may be read only after a claim, which keeps the fork from ending.
        private long _ticket;

        public void Run(IParallelJob job, int parts)
        {
            _job = job;
            _parts = parts;
            _error = null;
            Volatile.Write(ref _pending, parts);
            int fork = unchecked(Fork(ref _ticket) + 1);
            Interlocked.Exchange(ref _ticket, ((long)fork << 32) | (uint)parts);
            if (Volatile.Read(ref _parked) > 0)
            {
                lock (_gate)
                    Monitor.PulseAll(_gate);
            }
            Claim(fork);
            var spin = default(SpinWait);
            while (Volatile.Read(ref _pending) > 0)
                spin.SpinOnce(sleep1Threshold: -1);
            _job = null;
            if (_error is { } error)
                throw new InvalidOperationException(error.Message, error);
        }

        private static int Fork(ref long ticket) => (int)(Volatile.Read(ref ticket) >> 32);

        public void Stop()
        {
            _stopped = true;
            lock (_gate)
                Monitor.PulseAll(_gate);
        }

        public void Work()
        {
            int seen = 0;
            while (!_stopped)
            {
                int fork = WaitForFork(seen);
                if (_stopped)
                    return;
                Claim(fork);
                seen = fork;
            }
        }

        private int WaitForFork(int seen)
        {
            for (int i = 0; i < spins; i++)
            {
                int fork = Fork(ref _ticket);
                if (fork != seen || _stopped)
                    return fork;
                Thread.SpinWait(8);
            }
            lock (_gate)
            {
                Interlocked.Increment(ref _parked);
                while (Fork(ref _ticket) == seen && !_stopped)
                    Monitor.Wait(_gate);
                Interlocked.Decrement(ref _parked);
            }
            return Fork(ref _ticket);
        }

        private void Claim(int fork)
        {
            while (true)
            {
                long ticket = Volatile.Read(ref _ticket);
                int unclaimed = (int)ticket;
                if ((int)(ticket >> 32) != fork || unclaimed == 0)
                    return;
                if (Interlocked.CompareExchange(ref _ticket, ticket - 1, ticket) != ticket)
                    continue;
                try
                {
                    _job!.Execute(_parts - unclaimed);
                }
                catch (Exception e)
                {
                    lock (_gate)
                        _error ??= e;
                }
                Interlocked.Decrement(ref _pending);
            }
        }
    }
}
