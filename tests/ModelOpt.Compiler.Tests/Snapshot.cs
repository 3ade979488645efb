using System.Reflection;

namespace ModelOpt.Compiler.Tests;

/// <summary>
/// Compares text with a file of the repository. <c>MODELOPT_UPDATE_SNAPSHOTS=1 dotnet test tests/ModelOpt.Compiler.Tests</c>
/// writes the files instead.
/// </summary>
internal static class Snapshot
{
    /// <summary>The repository's folder.</summary>
    public static string Repository { get; } =
        typeof(Snapshot).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "Repository").Value!;

    /// <summary>Fails unless the file holds the text between two lines that hold <c>options</c> and <c>/options</c> in comments.</summary>
    /// <param name="path">The path in the repository: Markdown or XML.</param>
    /// <param name="actual">The text, with LF, ending in one.</param>
    /// <param name="name">What the comments hold instead of <c>options</c>.</param>
    /// <param name="writer">The class of the test, which the first comment names.</param>
    public static void Section(string path, string actual, string name = "options", string writer = "OptionCatalogTests")
    {
        string begin = $"<!-- {name}: written by {writer} -->", end = $"<!-- /{name} -->";
        string text = File.ReadAllText(Path.Combine(Repository, path)).ReplaceLineEndings("\n");
        int from = text.IndexOf('\n', text.IndexOf(begin, StringComparison.Ordinal)) + 1;
        int to = text.LastIndexOf('\n', text.IndexOf(end, StringComparison.Ordinal)) + 1;
        Equal(path, text[..from] + actual + text[to..]);
    }

    /// <summary>Fails unless the file holds the text.</summary>
    /// <param name="actual">The text, with LF.</param>
    public static void Equal(string path, string actual)
    {
        string file = Path.Combine(Repository, path);
        if (Environment.GetEnvironmentVariable("MODELOPT_UPDATE_SNAPSHOTS") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, actual);
        }

        string expected = File.Exists(file) ? File.ReadAllText(file).ReplaceLineEndings("\n") : "";
        if (expected == actual) return;
        string[] e = expected.Split('\n'), a = actual.Split('\n');
        int line = e.Zip(a).TakeWhile(pair => pair.First == pair.Second).Count();
        Assert.Fail($"{path} differs in line {line + 1}: '{e.ElementAtOrDefault(line)}' there, '{a.ElementAtOrDefault(line)}' now. "
            + "If the change is meant: MODELOPT_UPDATE_SNAPSHOTS=1 dotnet test tests/ModelOpt.Compiler.Tests");
    }
}
