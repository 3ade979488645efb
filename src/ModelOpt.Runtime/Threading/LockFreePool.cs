namespace ModelOpt.Runtime.Threading;

/// <summary>Keeps objects for reuse, without locks and without allocating. More than its capacity are left to the collector.</summary>
internal sealed class LockFreePool<T>(int capacity)
    where T : class
{
    private readonly T?[] _items = new T?[capacity];

    /// <summary>An object that nobody else has, or null when there is none.</summary>
    public T? TryRent()
    {
        for (int i = 0; i < _items.Length; i++)
        {
            if (_items[i] is not null && Interlocked.Exchange(ref _items[i], null) is { } item)
                return item;
        }
        return null;
    }

    public void Return(T item)
    {
        for (int i = 0; i < _items.Length; i++)
        {
            if (_items[i] is null && Interlocked.CompareExchange(ref _items[i], item, null) is null)
                return;
        }
    }

    public void Clear() => Array.Clear(_items);
}
