using ModelOpt.Runtime.Plan;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Runtime;

/// <summary>Sessions of one model that wait for their next call.</summary>
/// <param name="memories">Memory that sessions share with those of other plans of the model; null where each has its own.</param>
internal sealed class SessionPool(ExecutionPlan plan, WorkerPool workers, LockFreePool<SessionMemory>? memories = null)
{
    // As many calls at once find warm memory. More are served too, by memory that is then left to the collector.
    public const int Capacity = 64;

    private readonly LockFreePool<Session> _sessions = new(Capacity);

    public ExecutionPlan Plan => plan;

    public WorkerPool Workers => workers;

    /// <summary>What runs behind the plan; null where that is the whole model.</summary>
    public StagePool? Later { get; } = plan.Next is { } next ? new StagePool(next, workers, memories) : null;

    /// <summary>A session with its memory.</summary>
    /// <exception cref="InvalidModelException">It would take more than 2 GB.</exception>
    public Session Rent()
    {
        Session session = _sessions.TryRent() ?? new Session(this);
        if (session.Memory is null)
        {
            SessionMemory memory = memories?.TryRent() ?? new SessionMemory();
            memory.Fit(plan, workers.Threads);
            session.Memory = memory;
        }

        return session;
    }

    public void Return(Session session)
    {
        if (memories is not null && session.Memory is { } memory)
        {
            session.Memory = null;
            memories.Return(memory);
        }

        _sessions.Return(session);
    }

    public void Clear() => _sessions.Clear();
}
