using System.Runtime.CompilerServices;
using ModelOpt.Runtime.Guarding;

namespace ModelOpt.Runtime.Simd;

/// <summary>A zeroed block of memory that starts at a cache line and never moves, so that kernels may hold pointers to it.</summary>
internal sealed unsafe class AlignedBuffer<T>
    where T : unmanaged
{
    private const int Alignment = 64;
    private readonly object _memory;

    public AlignedBuffer(int length)
    {
        Length = length;
        if (GuardPages.Enabled)
        {
            var guarded = new GuardedMemory(checked(length * sizeof(T)), []);
            _memory = guarded;
            Pointer = (T*)guarded.Pointer;
            return;
        }

        byte[] bytes = GC.AllocateArray<byte>(checked((length * sizeof(T)) + Alignment), pinned: true);
        nuint address = (nuint)Unsafe.AsPointer(ref bytes[0]);
        _memory = bytes;
        Pointer = (T*)((address + Alignment - 1) & ~(nuint)(Alignment - 1));
    }

    public int Length { get; }

    /// <summary>Valid as long as this object is reachable; callers end with <c>GC.KeepAlive</c> or hold it in a field.</summary>
    public T* Pointer { get; }

    public Span<T> Span => new(Pointer, Length);
}
