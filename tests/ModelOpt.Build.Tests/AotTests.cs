using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using ModelOpt.Build.Tests.Consumers;

namespace ModelOpt.Build.Tests;

/// <summary>The sample, compiled ahead of time.</summary>
[TestClass]
internal sealed partial class AotTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("modelopt-").FullName;

    [TestMethod]
    public void It_compiles_without_warnings_and_computes_about_as_fast_as_the_JIT()
    {
        if (Environment.GetEnvironmentVariable("MODELOPT_LONG_TESTS") != "1") Assert.Inconclusive("runs with MODELOPT_LONG_TESTS=1");
        if (!OperatingSystem.IsLinux() || !File.Exists("/usr/bin/cc")) Assert.Inconclusive("needs a linker");
        string clone = Path.Combine(_root, "clone"), folder = Path.Combine(_root, "app");
        SampleAppTests.CopyTo(clone);
        (int exitCode, string output) = Dotnet.Run(clone, Path.Combine(_root, "packages"),
            "publish", "sample-app", "-r", "linux-x64", "-p:PublishAot=true", "-o", folder);
        Assert.AreEqual(0, exitCode, output);
        Assert.DoesNotContain("warning", output);
        Assert.IsLessThan(6e6, new FileInfo(Path.Combine(folder, "sample-app")).Length, "bytes");

        (exitCode, output) = Dotnet.Run(clone, Path.Combine(_root, "packages"), "build", "sample-app", "-c", "Release", "-o",
            Path.Combine(_root, "jit"));
        Assert.AreEqual(0, exitCode, output);
        double[] ahead = [double.MaxValue, double.MaxValue], jit = [double.MaxValue, double.MaxValue];
        for (int round = 0; round < 3; round++)
        {
            Least(ahead, Times(Path.Combine(folder, "sample-app")));
            Least(jit, Times("dotnet", Path.Combine(_root, "jit", "sample-app.dll")));
        }

        // About 1; 100 for float32 with vectors of 128 bits, 30 for int8 without assembled code.
        for (int i = 0; i < jit.Length; i++)
            Assert.IsLessThan(2, ahead[i] / jit[i], $"{ahead[i]} µs ahead of time, {jit[i]} µs by the JIT");
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private static void Least(double[] least, double[] times)
    {
        for (int i = 0; i < least.Length; i++) least[i] = Math.Min(least[i], times[i]);
    }

    // Of float32 and int8, µs an image.
    private static double[] Times(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        double[] times = [.. Time().Matches(output).Select(m => double.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture))];
        Assert.HasCount(2, times, output);
        return times;
    }

    [GeneratedRegex(@"^  (?:float32|int8) .* ([0-9.]+) µs", RegexOptions.Multiline)]
    private static partial Regex Time();
}
