namespace ModelOpt.Runtime.Jit;

/// <summary>Beginning and end of a function of one pointer, in the system's calling convention.</summary>
internal static class Frame
{
    // Windows expects the low halves of xmm6 to xmm15 unchanged; 8 bytes more keep the stack aligned.
    private const int FirstSaved = 6, Saved = 10, SavedBytes = (Saved * 16) + 8;

    /// <summary>Saves the caller's registers and moves the argument to a register.</summary>
    public static void Enter(X64Assembler code, Gpr argument)
    {
        if (!OperatingSystem.IsWindows())
        {
            code.Mov(argument, Gpr.Rdi);
            return;
        }

        code.Mov(argument, Gpr.Rcx);
        code.Sub(Gpr.Rsp, SavedBytes);
        for (int i = 0; i < Saved; i++)
            code.VMov(new Address(Gpr.Rsp, 16 * i), FirstSaved + i, VectorWidth.Bits128);
    }

    public static void Leave(X64Assembler code)
    {
        code.VZeroUpper();
        if (OperatingSystem.IsWindows())
        {
            for (int i = 0; i < Saved; i++)
                code.VMov(FirstSaved + i, new Address(Gpr.Rsp, 16 * i), VectorWidth.Bits128);
            code.Add(Gpr.Rsp, SavedBytes);
        }

        code.Ret();
    }
}
