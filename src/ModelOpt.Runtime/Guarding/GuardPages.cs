namespace ModelOpt.Runtime.Guarding;

/// <summary>
/// In debug builds the switch <c>ModelOpt.Runtime.GuardPages</c> puts every tensor, constant, scratch buffer and input right before a
/// page that may not be touched (Linux only), so that a kernel that reads or writes beyond its memory ends the process there
/// and then. Nothing shares memory then, and nothing starts at a cache line.
/// </summary>
internal static class GuardPages
{
    /// <summary>The switch's name.</summary>
    public const string Switch = "ModelOpt.Runtime.GuardPages";

    /// <summary>Whether memory is guarded. Never in release builds.</summary>
#if DEBUG
    public static bool Enabled { get; } = OperatingSystem.IsLinux() && AppContext.TryGetSwitch(Switch, out bool on) && on;
#else
    public static bool Enabled => false;
#endif

    /// <summary>Fills a session's memory before its first run: results must not depend on it.</summary>
    public static byte Fill { get; set; }

    /// <summary>A copy before a guard page.</summary>
    public static Memory<byte> Copy(ReadOnlySpan<byte> bytes)
    {
        Memory<byte> copy = new GuardedMemory(bytes.Length, []).Memory;
        bytes.CopyTo(copy.Span);
        return copy;
    }
}
