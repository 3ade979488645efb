using System.Runtime.InteropServices;
using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Operators.Contract;

/// <summary>
/// Reuses memory for tensors: runs of equal shapes allocate nothing from the second on. It hands out first what was freed last, which is
/// most likely in cache. For one thread at a time.
/// </summary>
/// <param name="mostFree">At most how many bytes it keeps that are not in use.</param>
internal sealed class TensorArena(long mostFree = long.MaxValue)
{
    // Vectors of any width do not straddle cache lines then.
    private const int Alignment = 64;

    private readonly Dictionary<int, Stack<byte[]>> _free = [];
    private readonly HashSet<byte[]> _used = [];
    private long _bytesFree;

    /// <summary>A tensor whose elements are whatever was there.</summary>
    public Tensor Rent(Node node, ElementType type, ReadOnlySpan<int> dims)
    {
        int bytes = node.ByteCount(type, dims);
        // Sizes in steps of an eighth, so that few of them lie unused beside each other.
        int step = Math.Max(Alignment, (int)(System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(1, bytes)) / 8));
        int size = bytes > Array.MaxLength - step - Alignment ? bytes : ((bytes + step - 1) / step * step) + Alignment;
        if (_free.TryGetValue(size, out Stack<byte[]>? buffers) && buffers.TryPop(out byte[]? buffer)) _bytesFree -= size;
        else buffer = GC.AllocateUninitializedArray<byte>(size, pinned: true);
        _used.Add(buffer);
        int offset = size == bytes ? 0 : (int)(-Marshal.UnsafeAddrOfPinnedArrayElement(buffer, 0) & (Alignment - 1));
        return new Tensor(type, dims, buffer.AsMemory(offset, bytes));
    }

    /// <summary>The array that a tensor lies in.</summary>
    public static byte[]? ArrayOf(Tensor tensor) =>
        MemoryMarshal.TryGetArray(tensor.Bytes, out ArraySegment<byte> segment) ? segment.Array : null;

    /// <summary>The memory of a tensor; null where it was not rented here.</summary>
    public byte[]? OwnerOf(Tensor tensor) => ArrayOf(tensor) is { } array && _used.Contains(array) ? array : null;

    /// <summary>Leaves a tensor to the caller for good.</summary>
    public void Release(Tensor tensor)
    {
        if (OwnerOf(tensor) is { } buffer) _used.Remove(buffer);
    }

    /// <summary>Takes memory back. No tensor in it is used any more.</summary>
    /// <param name="buffer">The memory, as <see cref="OwnerOf"/> told it.</param>
    public void Return(byte[] buffer)
    {
        if (_used.Remove(buffer)) Keep(buffer);
    }

    /// <summary>Takes everything back.</summary>
    public void Reset()
    {
        foreach (byte[] buffer in _used) Keep(buffer);
        _used.Clear();
    }

    private void Keep(byte[] buffer)
    {
        if (_bytesFree + buffer.Length > mostFree) return;
        if (!_free.TryGetValue(buffer.Length, out Stack<byte[]>? buffers)) _free.Add(buffer.Length, buffers = new());
        buffers.Push(buffer);
        _bytesFree += buffer.Length;
    }
}
