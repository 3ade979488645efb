using ModelOpt.Runtime.Plan;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Runtime;

/// <summary>Sessions of one model that wait for their next call.</summary>
internal sealed class SessionPool(ExecutionPlan plan, WorkerPool workers)
{
    // As many calls at once find warm memory. More are served too, by memory that is then left to the collector.
    public const int Capacity = 64;

    private readonly LockFreePool<Session> _sessions = new(Capacity);

    public ExecutionPlan Plan => plan;

    public WorkerPool Workers => workers;

    /// <summary>What runs behind the plan; null where that is the whole model.</summary>
    public StagePool? Later { get; } = plan.Next is { } next ? new StagePool(next, workers) : null;

    public Session Rent() => _sessions.TryRent() ?? new Session(this);

    public void Return(Session session) => _sessions.Return(session);

    public void Clear() => _sessions.Clear();
}
