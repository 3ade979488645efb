using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;

namespace ModelOpt.Compiler.Tests.Diagnostics;

/// <summary>The list of codes in the documentation, to which every message links.</summary>
[TestClass]
internal sealed partial class DiagnosticDescriptorTests
{
    private static readonly SortedDictionary<int, string> Areas = new()
    {
        [1] = "Files", [2] = "Graphs", [3] = "Data", [4] = "Recipes and quantization", [5] = "Emitters", [6] = "Options and items",
        [7] = "Command line",
    };

    [TestMethod]
    public void The_documentation_lists_every_code() => Snapshot.Equal("docs/diagnostics.md", Document());

    [TestMethod]
    public void Codes_are_unique_and_texts_are_sentences()
    {
        DiagnosticDescriptor[] all = All();
        Assert.AreEqual(all.Length, all.DistinctBy(d => d.Code).Count(), "Two kinds have one code.");
        foreach (DiagnosticDescriptor d in all)
        {
            StringAssert.Matches(d.Code, Code());
            Assert.IsTrue(d.Remedy.EndsWith('.'), $"{d.Code}: the remedy is not a sentence.");
            Assert.IsFalse(d.Title.EndsWith('.'), $"{d.Code}: the title is a sentence.");
        }
    }

    private static DiagnosticDescriptor[] All() =>
        [.. from assembly in new[] { typeof(DiagnosticDescriptor).Assembly, Assembly.Load("modelopt") }
            from type in assembly.GetTypes()
            from field in type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
            where field.FieldType == typeof(DiagnosticDescriptor)
            let descriptor = (DiagnosticDescriptor)field.GetValue(null)!
            orderby descriptor.Code
            select descriptor];

    private static string Document()
    {
        var text = new StringBuilder();
        text.Append("""
            # Diagnostics

            Every message of ModelOpt has a code. Warnings can be silenced with `MSBuildWarningsAsMessages` and made errors with
            `MSBuildWarningsAsErrors`, by their codes. In the texts, `{0}` and so on stand for what the message names.

            This page is written by a test from the descriptors in the sources; CONTRIBUTING.md has the command.

            """.ReplaceLineEndings("\n"));
        foreach (IGrouping<int, DiagnosticDescriptor> area in All().GroupBy(d => d.Code[4] - '0'))
        {
            text.Append($"\n## {Areas.GetValueOrDefault(area.Key, "Other")} (MOPT{area.Key}nnn)\n");
            foreach (DiagnosticDescriptor d in area)
            {
                text.Append($"\n### {d.Code}\n\n**{d.Title}** ({d.Severity.ToString().ToLowerInvariant()})\n\n");
                text.Append($"> {d.Format.Replace("{{", "{").Replace("}}", "}")}\n\n{d.Remedy}\n");
            }
        }

        return text.ToString();
    }

    [GeneratedRegex("^MOPT[1-9][0-9]{3}$")]
    private static partial Regex Code();
}
