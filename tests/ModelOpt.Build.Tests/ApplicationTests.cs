using System.Buffers.Binary;
using System.Text.RegularExpressions;
using ModelOpt.Build.Tests.Consumers;

namespace ModelOpt.Build.Tests;

/// <summary>The samples in folders of sample-app, each run by its one command in a fresh copy of the repository.</summary>
[TestClass]
internal sealed partial class ApplicationTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("modelopt-").FullName;

    [TestMethod]
    public void Listen_finds_two_sentences_and_detect_four_lines_of_text()
    {
        SampleAppTests.CopyTo(Path.Combine(_root, "clone"));
        string heard = Run("listen");
        double[] times = [.. Time().Matches(heard).Select(m => double.Parse(m.Value, System.Globalization.CultureInfo.InvariantCulture))];
        // 10.29 s, with speech from 0.8 s to 4.6 s and from 5.6 s to 9.7 s, less what espeak-ng leaves still at the ends.
        double[] expected = [10.29, 0.8, 4.4, 5.6, 9.4];
        Assert.HasCount(expected.Length, times, heard);
        for (int i = 0; i < times.Length; i++) Assert.AreEqual(expected[i], times[i], 0.3, heard);

        string photo = Path.Combine(_root, "clone/sample-app/detect/data/photo.png"), result = Path.Combine(_root, "boxes.png");
        string found = Run("detect", ["--", photo, result]);
        double[][] lines = [.. found.Split('\n').Where(l => l.StartsWith("text", StringComparison.Ordinal))
            .Select(l => Number().Matches(l)
                .Select(m => double.Parse(m.Value, System.Globalization.CultureInfo.InvariantCulture)).ToArray())];
        // Four lines, each around its place; score, left, top, right, bottom.
        Assert.HasCount(4, lines, found);
        foreach ((double[] line, (int x, int y)) in lines.Zip([(312, 66), (325, 340), (327, 380), (329, 424)]))
        {
            Assert.IsTrue(line[0] > 0.6 && line[1] < x - 80 && line[3] > x + 80, found);
            Assert.IsTrue(line[2] < y && line[4] > y, found);
        }

        byte[] png = File.ReadAllBytes(result);
        Assert.AreEqual(640, BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(16)));
        Assert.AreEqual(480, BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(20)));
        Assert.AreNotEqual(Convert.ToHexString(File.ReadAllBytes(photo)), Convert.ToHexString(png));
    }

    [TestMethod]
    public void Embed_finds_what_a_question_is_about()
    {
        if (Environment.GetEnvironmentVariable("MODELOPT_LONG_TESTS") != "1") Assert.Inconclusive("runs with MODELOPT_LONG_TESTS=1");
        SampleAppTests.CopyTo(Path.Combine(_root, "clone"));
        string[] lines = [.. Run("embed").Split('\n').Select(l => l.Trim()).Where(l => l.Length > 0)];
        string[] nearest = lines[(Array.IndexOf(lines, "How do I make bread at home?") + 1)..][..2];
        Assert.IsTrue(nearest.Any(l => l.Contains("dough", StringComparison.OrdinalIgnoreCase)), string.Join('\n', lines));
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private string Run(string sample, string[]? arguments = null)
    {
        (int exitCode, string output) = Dotnet.Run(Path.Combine(_root, "clone"), Path.Combine(_root, "packages"),
            ["run", "--project", $"sample-app/{sample}", .. arguments ?? []]);
        Assert.AreEqual(0, exitCode, output);
        return output;
    }

    [GeneratedRegex("[0-9]+(\\.[0-9]+)?")]
    private static partial Regex Number();

    [GeneratedRegex("[0-9]+\\.[0-9]+(?= s)")]
    private static partial Regex Time();
}
