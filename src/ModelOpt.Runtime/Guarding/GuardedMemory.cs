using System.Buffers;
using System.Runtime.InteropServices;

namespace ModelOpt.Runtime.Guarding;

/// <summary>Memory right behind which a page lies that may not be touched, and perhaps such pages within. Linux only.</summary>
internal sealed unsafe partial class GuardedMemory : MemoryManager<byte>
{
    private const int NoAccess = 0, ReadWrite = 3, PrivateAnonymous = 0x22;

    private readonly nint _pages;
    private readonly nuint _size;
    private readonly int _length;

    /// <param name="length">Bytes.</param>
    /// <param name="guards">Where pages begin, from the start of the memory, that may not be touched either; the length is whole pages
    /// then.</param>
    public GuardedMemory(int length, IEnumerable<int> guards)
    {
        int page = Environment.SystemPageSize;
        nuint room = (nuint)(((long)length + page - 1) / page * page);
        _length = length;
        _size = room + (nuint)page;
        _pages = Map(0, _size, ReadWrite, PrivateAnonymous, -1, 0);
        if (_pages == -1)
            throw new InsufficientMemoryException($"{_size} bytes of guarded memory could not be mapped.");
        Pointer = (byte*)_pages + room - length;
        Guard(_pages + (nint)room);
        foreach (int guard in guards)
            Guard((nint)Pointer + guard);
    }

    // Who works on a span of it keeps the memory alive.
#pragma warning disable CA2015
    ~GuardedMemory() => Dispose(false);
#pragma warning restore CA2015

    public byte* Pointer { get; }

    public override Span<byte> GetSpan() => new(Pointer, _length);

    public override MemoryHandle Pin(int elementIndex = 0) => new(Pointer + elementIndex);

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing)
    {
        if (_pages is not (0 or -1))
            _ = Unmap(_pages, _size);
    }

    private static void Guard(nint page)
    {
        if (TryGuard(page)) return;
        // The system counts pages of other rights; what nobody uses any more may still hold some.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        if (!TryGuard(page)) throw new InsufficientMemoryException("A guard page could not be protected.");

        static bool TryGuard(nint page) => Protect(page, (nuint)Environment.SystemPageSize, NoAccess) == 0;
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Map(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Protect(nint address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(nint address, nuint length);
}
