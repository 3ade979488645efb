using System.Text.Json;

namespace ModelOpt.Build.Tests.Consumers;

/// <summary>The packages of this repository in a feed of the tests' own, packed once a run.</summary>
internal static class LocalFeed
{
    private static readonly Lazy<string> LazyVersion = new(Pack);

    /// <summary>The folder with the feed and with what consumers restore from it.</summary>
    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "feed");

    /// <summary>The packages that consumers have restored; no other build uses them.</summary>
    public static string RestoredPackages { get; } = Path.Combine(AppContext.BaseDirectory, "restored");

    /// <summary>The version that was packed.</summary>
    public static string Version => LazyVersion.Value;

    private static string Pack()
    {
        (int exitCode, string output) = Dotnet.Run(Repository.Folder, Dotnet.UserPackages,
            "msbuild", "src/local-feed.proj", "-nologo", "-t:Pack", $"-p:Feed={Folder}", "-getTargetResult:Pack");
        Assert.AreEqual(0, exitCode, output);
        using JsonDocument json = JsonDocument.Parse(output[output.IndexOf('{', StringComparison.Ordinal)..]);
        string version = json.RootElement.GetProperty("TargetResults").GetProperty("Pack").GetProperty("Items")[0]
            .GetProperty("Identity").GetString()!;
        DeleteOtherVersions(version);
        return version;
    }

    private static void DeleteOtherVersions(string version)
    {
        foreach (string id in new[] { "modelopt.build", "modelopt.runtime" })
        {
            string folder = Path.Combine(RestoredPackages, id);
            if (!Directory.Exists(folder)) continue;
            foreach (string other in Directory.GetDirectories(folder).Where(d => Path.GetFileName(d) != version))
                Directory.Delete(other, recursive: true);
        }
    }
}
