using System.Text.RegularExpressions;

namespace ModelOpt.Compiler.Tests.Documents;

/// <summary>The documents name only what the repository has: files, headings and types.</summary>
[TestClass]
internal sealed partial class DocumentTests
{
    private static IEnumerable<string> Documents =>
        Directory.EnumerateFiles(Snapshot.Repository, "*.md")
            .Concat(Directory.EnumerateFiles(Path.Combine(Snapshot.Repository, "docs"), "*.md", SearchOption.AllDirectories))
            .Concat([.. Directory.EnumerateDirectories(Path.Combine(Snapshot.Repository, "tests"))
                .Append(Path.Combine(Snapshot.Repository, "sample-app"))
                .Select(folder => Path.Combine(folder, "README.md")).Where(File.Exists)]);

    [TestMethod]
    public void Each_link_leads_to_a_file_and_its_heading()
    {
        int count = 0;
        foreach ((string document, string text) in Documents.Select(d => (d, File.ReadAllText(d))))
        {
            foreach (Match link in Link().Matches(text))
            {
                string path = link.Groups["path"].Value, heading = link.Groups["heading"].Value;
                if (path.Contains("://", StringComparison.Ordinal)) continue;
                string file = path == "" ? document : Path.GetFullPath(Path.Combine(Path.GetDirectoryName(document)!, path));
                Assert.IsTrue(Path.Exists(file), $"{document} links to {path}, which does not exist");
                if (heading != "") Assert.Contains(heading, Headings(file), $"{document} links to a heading of {path}");
                count++;
            }
        }

        Assert.IsGreaterThan(50, count);
    }

    [TestMethod]
    public void Each_path_in_backticks_exists()
    {
        string[] roots = ["", "src", "src/ModelOpt.Compiler", "sample-app"];
        int count = 0;
        foreach (string document in Documents)
        {
            foreach (string path in InBackticks(document).Where(t => RepositoryPath().IsMatch(t)))
            {
                string plain = path.StartsWith("Compiler/", StringComparison.Ordinal)
                    || path.StartsWith("Runtime/", StringComparison.Ordinal) ? $"src/ModelOpt.{path}" : path;
                Assert.IsTrue(roots.Any(root => Path.Exists(Path.Combine(Snapshot.Repository, root, plain))),
                    $"{document} names {path}, which does not exist");
                count++;
            }
        }

        Assert.IsGreaterThan(20, count);
    }

    [TestMethod]
    public void Each_type_and_target_that_the_architecture_names_exists()
    {
        var names = ((string[])["src", "tests", "buildTransitive"])
            .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Snapshot.Repository, folder), "*", SearchOption.AllDirectories))
            .Where(file => Path.GetExtension(file) is ".cs" or ".targets")
            .SelectMany(file => TypeName().Matches(File.ReadAllText(file)).Select(m => m.Value)).ToHashSet();
        foreach (string document in Documents.Where(
            d => d.EndsWith("architecture.md", StringComparison.Ordinal) || d.Contains("decisions", StringComparison.Ordinal)))
        {
            foreach (string name in InBackticks(document).Where(t => TypeName().Match(t).Length == t.Length))
                Assert.Contains(name, names, $"{document} names {name}, which is not in the sources");
        }
    }

    private static IEnumerable<string> InBackticks(string document) =>
        Backticks().Matches(File.ReadAllText(document)).Select(m => m.Groups[1].Value);

    /// <summary>The anchors of a page's headings, as GitHub makes them.</summary>
    private static List<string> Headings(string file) =>
        [.. File.ReadLines(file).Where(l => l.StartsWith('#'))
            .Select(l => NotInAnchors().Replace(l.TrimStart('#').Trim().ToLowerInvariant(), "").Replace(' ', '-'))];

    [GeneratedRegex(@"\]\((?<path>[^)#\s]*)(#(?<heading>[^)\s]*))?\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"(?<!`)`([^`\n]+)`(?!`)")]
    private static partial Regex Backticks();

    // With a known first folder, or a file at the root.
    [GeneratedRegex(@"^((src|tests|docs|sample-app|buildTransitive|Compiler|Runtime|Operators|\.ci)/[\w./-]*"
        + @"|\.ci/run|Directory\.[\w.]+|[A-Z]+\.md)$")]
    private static partial Regex RepositoryPath();

    [GeneratedRegex(@"\b([A-Z][a-z0-9]+){2,}\b")]
    private static partial Regex TypeName();

    [GeneratedRegex(@"[^\w -]")]
    private static partial Regex NotInAnchors();
}
