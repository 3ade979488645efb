using System.Runtime.InteropServices;

namespace ModelOpt.Runtime.Jit;

/// <summary>
/// Machine code in memory that can be executed and no longer written: it is mapped writable, filled, and then made executable
/// and read-only. Unmapped when the last kernel that refers to it is gone.
/// </summary>
internal sealed unsafe partial class ExecutableMemory : SafeHandle
{
    private const int ProtRead = 1, ProtWrite = 2, ProtExec = 4, MapPrivate = 2, MapAnonymousLinux = 0x20, MapAnonymousMac = 0x1000;
    private const uint MemCommitReserve = 0x3000, MemRelease = 0x8000, PageReadWrite = 4, PageExecuteRead = 0x20;

    private readonly nuint _length;

    private ExecutableMemory(nint address, nuint length)
        : base(-1, ownsHandle: true)
    {
        _length = length;
        SetHandle(address);
    }

    public override bool IsInvalid => handle is 0 or -1;

    /// <summary>First byte of the code.</summary>
    public byte* Address => (byte*)handle;

    /// <summary>Maps a copy of the code; null where the system refuses to.</summary>
    public static ExecutableMemory? TryCreate(ReadOnlySpan<byte> code)
    {
        var length = (nuint)code.Length;
        nint address = OperatingSystem.IsWindows()
            ? VirtualAlloc(0, length, MemCommitReserve, PageReadWrite)
            : Map(0, length, ProtRead | ProtWrite, MapPrivate | (OperatingSystem.IsMacOS() ? MapAnonymousMac : MapAnonymousLinux), -1, 0);
        var memory = new ExecutableMemory(address, length);
        if (memory.IsInvalid)
        {
            memory.SetHandleAsInvalid();
            return null;
        }

        code.CopyTo(new Span<byte>(memory.Address, code.Length));
        bool executable = OperatingSystem.IsWindows()
            ? VirtualProtect(address, length, PageExecuteRead, out _)
            : Protect(address, length, ProtRead | ProtExec) == 0;
        if (executable)
            return memory;
        memory.Dispose();
        return null;
    }

    protected override bool ReleaseHandle() =>
        OperatingSystem.IsWindows() ? VirtualFree(handle, 0, MemRelease) : Unmap(handle, _length) == 0;

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Map(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Protect(nint address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(nint address, nuint length);

    [LibraryImport("kernel32")]
    private static partial nint VirtualAlloc(nint address, nuint length, uint type, uint protection);

    [LibraryImport("kernel32")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool VirtualProtect(nint address, nuint length, uint protection, out uint old);

    [LibraryImport("kernel32")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool VirtualFree(nint address, nuint length, uint type);
}
