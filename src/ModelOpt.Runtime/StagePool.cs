using ModelOpt.Runtime.Plan;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Runtime;

/// <summary>The last plans of a later stage with their sessions, so that sizes that come again cost nothing.</summary>
internal sealed class StagePool(LaterStage stage, WorkerPool workers, LockFreePool<SessionMemory>? memories)
{
    private readonly PlanCache<Entry> _plans = new();

    /// <summary>How many plans are kept.</summary>
    public int Plans => _plans.Count;

    /// <summary>Runs the stage and those behind it.</summary>
    /// <param name="session">The memory of the stage before, which has run.</param>
    /// <param name="outputs">Receives the outputs of the model.</param>
    /// <exception cref="ArgumentException">The values say sizes that do not fit.</exception>
    public void Run(Session session, OutputBuffer outputs)
    {
        SessionPool? current = null;
        for (StagePool? next = this; next is not null; next = current.Later)
        {
            Entry entry = next.EntryFor(session);
            Session following = entry.Sessions.Rent();
            for (int i = 0; i < entry.Sources.Length; i++)
                following.SetSample(i, session.Output(entry.Sources[i]));
            following.Run();
            current?.Return(session);
            (session, current) = (following, entry.Sessions);
        }

        ExecutionPlan plan = current!.Plan;
        for (int i = 0; i < plan.Outputs.Length; i++)
        {
            ReadOnlySpan<byte> output = session.Output(i);
            output.CopyTo(outputs.Resize(i, output.Length));
            outputs.SetShape(i, plan.Graph.Outputs[i].Shape);
        }

        current.Return(session);
    }

    private Entry EntryFor(Session session)
    {
        byte[] key = stage.Key(session.Output);
        if (_plans.Find(key) is { } known)
            return known;
        Entry entry;
        try
        {
            PlannedStage planned = stage.Plan(session.Output, workers.Threads);
            entry = new Entry(new SessionPool(planned.Plan, workers, memories), planned.Sources);
        }
        catch (InvalidModelException e)
        {
            throw new ArgumentException($"The inputs lead to sizes that do not fit: {e.Message}", e);
        }

        _plans.Add(key, entry);
        return entry;
    }

    private sealed record Entry(SessionPool Sessions, int[] Sources);
}
