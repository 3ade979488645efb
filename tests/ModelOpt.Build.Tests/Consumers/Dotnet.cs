using System.Diagnostics;

namespace ModelOpt.Build.Tests.Consumers;

/// <summary>Runs the SDK as a user does: in a process of its own, with none of the test host's settings.</summary>
internal static class Dotnet
{
    /// <summary>The packages that the repository's own projects are restored with.</summary>
    public static string UserPackages { get; } = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
        ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    // Models that earlier runs compressed do not count, and nothing is left in the user's folder.
    private static readonly Lazy<string> Cache = new(() =>
    {
        string folder = Path.Combine(AppContext.BaseDirectory, "cache");
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        return folder;
    });

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    /// <summary>Starts <c>dotnet</c>; what it prints goes nowhere, builds are judged by their binary log.</summary>
    public static Process Start(string folder, string packages, params IEnumerable<string> arguments) =>
        Start(folder, packages, arguments, locale: null);

    /// <summary>Starts <c>dotnet</c> with a locale, such as <c>tr_TR</c>.</summary>
    public static Process Start(string folder, string packages, IEnumerable<string> arguments, string? locale)
    {
        var start = new ProcessStartInfo("dotnet", arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string name in start.Environment.Keys.Where(k => k.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToArray())
            start.Environment.Remove(name);
        // What the machine has restored before need not be fetched again; the tests' packages are none of it.
        if (packages != UserPackages && Directory.Exists(UserPackages)) start.Environment["NUGET_FALLBACK_PACKAGES"] = UserPackages;
        start.Environment["NUGET_PACKAGES"] = packages;
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en";
        start.Environment["ModelOptCacheDirectory"] = Cache.Value;
        if (locale is not null)
        {
            start.Environment["LC_ALL"] = $"{locale}.UTF-8";
            start.Environment.Remove("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT");
        }

        return Process.Start(start)!;
    }

    /// <summary>Runs <c>dotnet</c> to its end.</summary>
    public static (int ExitCode, string Output) Run(string folder, string packages, params IEnumerable<string> arguments)
    {
        using Process process = Start(folder, packages, arguments);
        return Finish(process);
    }

    /// <summary>Waits for the end of a process and reads what it printed.</summary>
    public static (int ExitCode, string Output) Finish(Process process)
    {
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Limit))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"dotnet did not end within {Limit}.");
        }

        return (process.ExitCode, output.Result + error.Result);
    }
}
