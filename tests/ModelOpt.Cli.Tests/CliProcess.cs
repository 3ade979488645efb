using System.Diagnostics;

namespace ModelOpt.Cli.Tests;

/// <summary>Runs the program in a process of its own.</summary>
internal static class CliProcess
{
    /// <summary>How long it may take.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static CliResult Run(params string[] args)
    {
        using Process process = Start(null, args);
        return End(process);
    }

    /// <summary>Starts the program, with an environment variable <c>NAME=VALUE</c> if one is given.</summary>
    public static Process Start(string? variable, string[] args)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "modelopt.dll");
        var start = new ProcessStartInfo("dotnet", [program, .. args])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (variable?.Split('=', 2) is [var name, var value]) start.Environment[name] = value;
        return Process.Start(start)!;
    }

    /// <summary>Waits for the end; fails the test where it takes too long.</summary>
    public static CliResult End(Process process)
    {
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Limit))
        {
            process.Kill();
            Assert.Fail("The program did not end.");
        }

        return new CliResult(process.ExitCode, output.Result, error.Result);
    }
}
