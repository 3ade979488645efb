using System.Runtime.InteropServices;

namespace ModelOpt.Runtime.Tests;

/// <summary>
/// Has Linux refuse the calling thread memory that is executable and not writable, as hardened systems do: a system call filter
/// (seccomp) fails such calls of mprotect. .NET makes no such call when <c>DOTNET_EnableWriteXorExecute=0</c>; a filter
/// that refused it too, such as PR_SET_MDWE, would end the process.
/// </summary>
internal static unsafe partial class MemoryProtection
{
    private const int SetSeccomp = 22, SetNoNewPrivileges = 38, FilterMode = 2;
    private const ushort LoadWord = 0x20, JumpIfEqual = 0x15, Return = 0x06;
    private const uint X64 = 0xC000003E, ProtectCall = 10, ReadExecute = 5, Allow = 0x7FFF0000, AccessDenied = 0x0005000D;

    // Offsets in struct seccomp_data.
    private const uint Number = 0, Architecture = 4, ThirdArgument = 32;

    /// <summary>Installs the filter; false where the system has no such filters.</summary>
    public static bool TryRefuseExecutable()
    {
        Instruction* filter = stackalloc Instruction[]
        {
            new(LoadWord, 0, 0, Architecture),
            new(JumpIfEqual, 0, 4, X64),
            new(LoadWord, 0, 0, Number),
            new(JumpIfEqual, 0, 2, ProtectCall),
            new(LoadWord, 0, 0, ThirdArgument),
            new(JumpIfEqual, 1, 0, ReadExecute),
            new(Return, 0, 0, Allow),
            new(Return, 0, 0, AccessDenied),
        };
        var program = new Program { Length = 8, Filter = filter };
        return ProcessControl(SetNoNewPrivileges, 1, 0, 0, 0) == 0
            && ProcessControl(SetSeccomp, FilterMode, (nint)(&program), 0, 0) == 0;
    }

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int ProcessControl(int option, nint argument2, nint argument3, nint argument4, nint argument5);

    private readonly record struct Instruction(ushort Code, byte IfTrue, byte IfFalse, uint Operand);

    private struct Program
    {
        public ushort Length;
        public Instruction* Filter;
    }
}
