using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using ModelOpt.Runtime.Guarding;
using ModelOpt.Runtime.Tests.Guarding;
using ModelOpt.Runtime.Tests.Kernels;

namespace ModelOpt.Runtime.Tests;

/// <summary>
/// Runs tests in a process of their own, which takes its instruction sets from environment variables of the .NET runtime and its
/// conditions from arguments: <c>dotnet ModelOpt.Runtime.Tests.dll [Limit=NAME] [DisableJit] [Guard] [RefuseExecutable]
/// (kernels TIER | class NAME | models | form | overrun KIND OFFSET)</c>.
/// </summary>
internal static class ChildProcess
{
    /// <summary>Sets the switch that applications set.</summary>
    public const string DisableJit = nameof(DisableJit);

    /// <summary>Sets the switch that puts all memory before guard pages.</summary>
    public const string Guard = nameof(Guard);

    /// <summary>Before the name of a target: sets the option that limits instructions.</summary>
    public const string Limit = "Limit=";

    /// <summary>Has Linux refuse to make memory executable; needs <c>EnableWriteXorExecute=0</c>.</summary>
    public const string RefuseExecutable = nameof(RefuseExecutable);

    /// <summary>The exit code where that can't be had.</summary>
    public const int NoFilter = 3;

    /// <summary>Starts this assembly; returns exit code and output.</summary>
    /// <param name="variables">Variables of the .NET runtime, <c>NAME=VALUE</c> without their prefix.</param>
    public static (int ExitCode, string Output) Start(string[] variables, params string[] arguments)
    {
        string dotnet = Path.GetFullPath(
            Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));
        var start = new ProcessStartInfo(dotnet, [typeof(ChildProcess).Assembly.Location, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string variable in variables)
            start.Environment["DOTNET_" + variable.Split('=')[0]] = variable.Split('=')[1];
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + errors.Result);
    }

    private static int Main(string[] args)
    {
        ReadOnlySpan<string> rest = args;
        for (; rest is [DisableJit or Guard or RefuseExecutable, ..] || (!rest.IsEmpty && rest[0].StartsWith(Limit)); rest = rest[1..])
        {
            if (rest[0].StartsWith(Limit))
                AppContext.SetData(Instructions.Option, rest[0][Limit.Length..]);
            else if (rest[0] == DisableJit)
                AppContext.SetSwitch("ModelOpt.Runtime.DisableJit", true);
            else if (rest[0] == Guard)
                AppContext.SetSwitch(GuardPages.Switch, true);
            else if (!MemoryProtection.TryRefuseExecutable())
                return NoFilter;
        }

        switch (rest)
        {
            case ["kernels", string tier]:
                return TierRunner.Run(tier);
            case ["class", string name]:
                return TierRunner.Run(typeof(ChildProcess).Assembly.GetType(name, throwOnError: true)!);
            case ["form"]:
                Console.WriteLine(Int8Forms.Best);
                return 0;
            case ["models"]:
                ModelRunner.Run(Console.Out);
                return 0;
            case ["overrun", string kind, string offset]:
                return GuardPagesTests.Overrun(kind, int.Parse(offset, CultureInfo.InvariantCulture));
            default:
                Console.WriteLine($"Unknown: {string.Join(' ', args)}");
                return 2;
        }
    }
}
