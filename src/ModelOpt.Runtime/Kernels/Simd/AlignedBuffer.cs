using System.Runtime.CompilerServices;

namespace ModelOpt.Runtime.Kernels.Simd;

/// <summary>A zeroed block of memory that starts at a cache line and never moves, so that kernels may hold pointers to it.</summary>
internal sealed unsafe class AlignedBuffer<T>
    where T : unmanaged
{
    private const int Alignment = 64;
    private readonly byte[] _bytes;

    public AlignedBuffer(int length)
    {
        Length = length;
        _bytes = GC.AllocateArray<byte>(checked((length * sizeof(T)) + Alignment), pinned: true);
        nuint address = (nuint)Unsafe.AsPointer(ref _bytes[0]);
        Pointer = (T*)((address + Alignment - 1) & ~(nuint)(Alignment - 1));
    }

    public int Length { get; }

    /// <summary>Valid as long as this object is reachable; callers end with <c>GC.KeepAlive</c> or hold it in a field.</summary>
    public T* Pointer { get; }

    public Span<T> Span => new(Pointer, Length);
}
