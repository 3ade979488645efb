using System.Globalization;
using System.Text.RegularExpressions;
using ModelOpt.Build.Tests.Consumers;

namespace ModelOpt.Build.Tests;

/// <summary>The command that README.md begins with, in a fresh copy of the repository.</summary>
[TestClass]
internal sealed partial class SampleAppTests : IDisposable
{
    private static readonly string[] Parts =
    [
        "src", "buildTransitive", "sample-app", "docs", "README.md", "THIRD-PARTY-NOTICES.txt", "Directory.Build.props",
        "Directory.Build.targets", "Directory.Packages.props", "nuget.config", "global.json", ".editorconfig",
    ];

    private readonly string _root = Directory.CreateTempSubdirectory("modelopt-").FullName;

    [TestMethod]
    public void It_runs_from_a_fresh_clone_and_again_after_the_tasks_changed_and_then_does_nothing_twice()
    {
        CopyTo(Path.Combine(_root, "clone"));

        (BuildLog first, string output) = Run();
        Assert.AreEqual(2, first.Compressions);
        Assert.IsTrue(first.Says("Packing ModelOpt.Build"));
        double[] accuracies = [.. Accuracy().Matches(output).Select(m => double.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture))];
        Assert.AreEqual(2, accuracies.Length, output);
        Assert.IsGreaterThan(90, accuracies[0], output);
        Assert.IsGreaterThan(accuracies[0] - 1, accuracies[1], output);

        string task = Path.Combine(_root, "clone/src/ModelOpt.Build/CompressedModel.cs");
        string source = File.ReadAllText(task);
        StringAssert.Contains(source, "(was ");
        File.WriteAllText(task, source.Replace("(was ", "(formerly ", StringComparison.Ordinal));
        (BuildLog changed, _) = Run();
        Assert.AreEqual(2, changed.Compressions);
        Assert.IsTrue(changed.Says("(formerly "), "The build used the tasks of the first run.");

        (BuildLog unchanged, _) = Run();
        Assert.AreEqual(0, unchanged.Compressions + unchanged.Wrappers);
        Assert.IsFalse(unchanged.Says("Packing ModelOpt.Build"));
    }

    /// <summary>Copies what the samples need of the repository.</summary>
    internal static void CopyTo(string folder)
    {
        foreach (string part in Parts) Copy(Repository.PathOf(part), Path.Combine(folder, part));
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private (BuildLog Log, string Output) Run()
    {
        string log = Path.Combine(_root, "run.binlog");
        (int exitCode, string output) = Dotnet.Run(Path.Combine(_root, "clone"), Path.Combine(_root, "packages"),
            // Other tests compress the same models.
            "run", "--project", "sample-app", $"-bl:{log}", $"-p:ModelOptCacheDirectory={Path.Combine(_root, "cache")}");
        Assert.AreEqual(0, exitCode, output);
        return (BuildLog.Read(log, exitCode, output), output);
    }

    private static void Copy(string from, string to)
    {
        if (File.Exists(from))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(from, to);
            return;
        }

        foreach (string entry in Directory.EnumerateFileSystemEntries(from))
        {
            string name = Path.GetFileName(entry);
            if (name is "bin" or "obj" || name.EndsWith(".nupkg", StringComparison.Ordinal)) continue;
            Copy(entry, Path.Combine(to, name));
        }
    }

    [GeneratedRegex(@"^  (?:float32|int8) +([0-9.]+) %", RegexOptions.Multiline)]
    private static partial Regex Accuracy();
}
