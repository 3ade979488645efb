namespace ModelOpt.Runtime;

/// <summary>The last plans of a part of a model, each with its sessions, by the bytes of the sizes that they were made for.</summary>
internal sealed class PlanCache<T>
    where T : class
{
    // Each plan has packed weights of its own.
    private const int MaxPlans = 8;

    private readonly List<(byte[] Key, T Plan)> _entries = [];

    /// <summary>How many plans are kept.</summary>
    public int Count => _entries.Count;

    /// <summary>The plan for these sizes; null where there is none.</summary>
    public T? Find(ReadOnlySpan<byte> key)
    {
        lock (_entries)
        {
            for (int i = _entries.Count - 1; i >= 0; i--)
            {
                if (!key.SequenceEqual(_entries[i].Key))
                    continue;
                // The one that was not used for the longest time goes first.
                (byte[] Key, T Plan) found = _entries[i];
                _entries.RemoveAt(i);
                _entries.Add(found);
                return found.Plan;
            }
        }

        return null;
    }

    /// <summary>Keeps a plan.</summary>
    public void Add(byte[] key, T plan)
    {
        lock (_entries)
        {
            if (_entries.Count == MaxPlans)
                _entries.RemoveAt(0);
            _entries.Add((key, plan));
        }
    }

    /// <summary>Forgets all plans.</summary>
    public void Clear()
    {
        lock (_entries)
            _entries.Clear();
    }
}
