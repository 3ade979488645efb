using System.Diagnostics;
using System.Runtime.InteropServices;

namespace ModelOpt.Build.Tests;

/// <summary>Interrupts processes as Ctrl-C does on Unix: with SIGINT.</summary>
internal static class Interruption
{
    private const int Signal = 2;
    private const nint Default = 0;

    /// <summary>
    /// Starts a process that heeds SIGINT. Shells let what they run in the background ignore it, which children inherit, tests
    /// among them: so the process is started while this one does not ignore it.
    /// </summary>
    public static Process Heeded(Func<Process> start)
    {
        nint before = SetHandler(Signal, Default);
        try
        {
            return start();
        }
        finally
        {
            _ = SetHandler(Signal, before);
        }
    }

    /// <summary>Interrupts a process.</summary>
    public static void Send(Process process)
    {
        using Process kill = Process.Start("kill", ["-INT", $"{process.Id}"]);
        kill.WaitForExit();
    }

    [DllImport("libc", EntryPoint = "signal")]
    private static extern nint SetHandler(int signal, nint handler);
}
