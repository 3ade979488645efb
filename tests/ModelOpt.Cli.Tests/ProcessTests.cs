using System.Diagnostics;

namespace ModelOpt.Cli.Tests;

/// <summary>The program itself, in a process of its own.</summary>
[TestClass]
public sealed class ProcessTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [TestMethod]
    public void Exit_codes_and_streams_are_those_of_the_command()
    {
        using var folder = new TempFolder();
        CliResult right = Run(
            "evaluate", folder.WriteBrightest(), "--data", folder.WriteImages(), "--labels", folder.WriteLabels());
        Assert.AreEqual((0, "top-1 87.50 % (7/8)", ""), (right.ExitCode, right.Output.TrimEnd(), right.Error));

        CliResult wrong = Run("inspect", folder["absent.onnx"]);
        Assert.AreEqual((1, ""), (wrong.ExitCode, wrong.Output));
        StringAssert.StartsWith(wrong.Error, $"{folder["absent.onnx"]} : error MOPT1001: ");

        CliResult usage = Run("inspct");
        Assert.AreEqual((2, ""), (usage.ExitCode, usage.Output));
        StringAssert.Contains(usage.Error, "Did you mean 'inspect'?");
    }

    [TestMethod]
    public void Interrupting_leaves_nothing_behind()
    {
        if (OperatingSystem.IsWindows()) Assert.Inconclusive("Windows has no SIGINT to send to another process.");
        using var folder = new TempFolder();
        Directory.CreateDirectory(folder["out"]);
        using Process process = Start(
            "compress", folder.WriteBrightest(), "-o", folder["out"],
            "--calibration", folder.WriteImages(2_000_000), "--calibration-samples", "2000000");
        // Starting takes less work than this, calibrating far more.
        var clock = Stopwatch.StartNew();
        while (process.TotalProcessorTime < TimeSpan.FromSeconds(1.5) && clock.Elapsed < Limit) Thread.Sleep(20);
        Assert.IsFalse(process.HasExited, "it is still calibrating");
        using (Process kill = Process.Start("kill", ["-INT", $"{process.Id}"])) kill.WaitForExit();
        CliResult result = End(process);
        Assert.AreEqual(130, result.ExitCode);
        StringAssert.Contains(result.Error, "cancelled");
        Assert.IsEmpty(Directory.GetFileSystemEntries(folder["out"]));
    }

    private static CliResult Run(params string[] args)
    {
        using Process process = Start(args);
        return End(process);
    }

    private static Process Start(params string[] args)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "modelopt.dll");
        return Process.Start(new ProcessStartInfo("dotnet", [program, .. args])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
    }

    private static CliResult End(Process process)
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
