using System.Text.RegularExpressions;

namespace ModelOpt.Compiler.Tests.Architecture;

/// <summary>Lines, functions, files and folders stay short.</summary>
[TestClass]
internal sealed partial class SourceFormTests
{
    private const int MostColumns = 140, MostLinesOfFile = 300, MostLinesOfFunction = 60, MostFilesOfFolder = 40;

    // Tables, and loops whose helpers would make them slower.
    private static readonly string[] LongFunctions =
    [
        "GradientTests.cs: private static IEnumerable<(string Name, Node Node)> Cases()",
        "GemmF32Tile.cs: public static void Multiply<TRows>(in GemmTile tile, float** rows, int tiles)",
        "GemvF32Kernel.cs: private void Panel<TLanes, V, TRegisters>(float* x, int begin, float* output)",
        "SparseTileF32.cs: private static void Multiply<TLanes, V, TRegisters>("
            + "SparseWeightF32* weights, int* starts, int begin, int end, float* rows, float* sums)",
    ];

    private static IEnumerable<(string Name, string[] Lines)> Files =>
        from folder in new[] { "src", "tests", "sample-app" }
        from file in Directory.EnumerateFiles(Path.Combine(Snapshot.Repository, folder), "*.cs", SearchOption.AllDirectories)
        let parts = Path.GetRelativePath(Snapshot.Repository, file).Split(Path.DirectorySeparatorChar)
        where !parts.Contains("bin") && !parts.Contains("obj")
        select (parts[^1], File.ReadAllLines(file));

    [TestMethod]
    public void Lines_have_at_most_140_columns() => AssertNone(
        from file in Files
        from line in file.Lines.Index()
        where line.Item.Length > MostColumns
        select $"{file.Name}:{line.Index + 1} has {line.Item.Length} columns");

    [TestMethod]
    public void Files_have_at_most_300_lines() =>
        AssertNone(Files.Where(f => f.Lines.Length > MostLinesOfFile).Select(f => $"{f.Name} has {f.Lines.Length} lines"));

    [TestMethod]
    public void Folders_have_at_most_40_files() => AssertNone(
        from folder in Directory.EnumerateDirectories(Path.Combine(Snapshot.Repository, "src"), "*", SearchOption.AllDirectories)
        let files = Directory.GetFiles(folder, "*.cs").Length
        where files > MostFilesOfFolder && !folder.Split(Path.DirectorySeparatorChar).Contains("obj")
        select $"{Path.GetFileName(folder)} has {files} files");

    [TestMethod]
    public void Functions_have_at_most_60_lines()
    {
        var found = Files.SelectMany(f => Functions(f.Lines).Select(g => (Name: $"{f.Name}: {g.Header}", g.Lines))).ToList();
        Assert.IsGreaterThan(3000, found.Count);
        var tooLong = found.Where(f => f.Lines > MostLinesOfFunction).ToList();
        AssertNone(tooLong.Where(f => !LongFunctions.Contains(f.Name)).Select(f => $"{f.Name} has {f.Lines} lines"));
        AssertNone(LongFunctions.Where(n => !tooLong.Exists(f => f.Name == n)).Select(n => $"{n} is listed, and is not long"));
    }

    /// <summary>Functions with a body in braces, from their first line to the brace that ends them.</summary>
    private static IEnumerable<(string Header, int Lines)> Functions(string[] lines)
    {
        for (int i = 0; i < lines.Length; i++)
        {
            string indent = lines[i][..(lines[i].Length - lines[i].TrimStart().Length)];
            if (indent.Length is not (4 or 8) || !Header().IsMatch(lines[i])) continue;
            int begin = i;
            while (begin < lines.Length && lines[begin] != indent + "{" && !lines[begin].EndsWith(';')) begin++;
            if (begin == lines.Length || lines[begin] != indent + "{") continue;
            int end = Array.IndexOf(lines, indent + "}", begin);
            if (end > 0) yield return (lines[i].Trim(), end - i + 1);
        }
    }

    // Not a type, nor a field or an expression, whose braces are tables.
    [GeneratedRegex(@"^ *(public|private|protected|internal) (?!.*\b(class|record|struct|interface) )[^=]*\([^=]*(= [^=>]*)*$")]
    private static partial Regex Header();

    private static void AssertNone(IEnumerable<string> faults) => Assert.AreEqual("", string.Join('\n', faults));
}
