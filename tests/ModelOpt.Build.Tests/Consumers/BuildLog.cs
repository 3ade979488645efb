using Microsoft.Build.Logging.StructuredLogger;

namespace ModelOpt.Build.Tests.Consumers;

/// <summary>What a build did, read from its binary log.</summary>
internal sealed class BuildLog
{
    private readonly Microsoft.Build.Logging.StructuredLogger.Build _build;

    private BuildLog(Microsoft.Build.Logging.StructuredLogger.Build build, int exitCode, string output)
    {
        _build = build;
        Output = output;
        ExitCode = exitCode;
    }

    /// <summary>What the build printed.</summary>
    public string Output { get; }

    public int ExitCode { get; }

    /// <summary>The errors as code, file and text.</summary>
    public IReadOnlyList<string> Errors => All<Error>().ConvertAll(Describe);

    /// <summary>The warnings as code, file and text.</summary>
    public IReadOnlyList<string> Warnings => All<Warning>().ConvertAll(Describe);

    /// <summary>How many models were compressed.</summary>
    public int Compressions => All<Microsoft.Build.Logging.StructuredLogger.Task>().Count(t => t.Name == "CompressModel") - Found;

    /// <summary>How many models were found in the cache.</summary>
    public int Found => All<Message>().Count(m => m.Text.Contains(", from the cache, ", StringComparison.Ordinal));

    /// <summary>How many wrappers were generated.</summary>
    public int Wrappers => All<Microsoft.Build.Logging.StructuredLogger.Task>().Count(t => t.Name == "GenerateModelWrapper");

    public static BuildLog Read(string file, int exitCode, string output) => new(BinaryLog.ReadBuild(file), exitCode, output);

    /// <summary>Whether the target was skipped because its outputs are up to date, each time it was reached.</summary>
    public bool WasUpToDate(string target)
    {
        List<Target> targets = All<Target>().FindAll(t => t.Name == target);
        Assert.AreNotEqual(0, targets.Count, $"{target} was not reached.");
        return targets.TrueForAll(t => t.Skipped
            || t.Children.OfType<Microsoft.Build.Logging.StructuredLogger.Task>().FirstOrDefault() is null);
    }

    /// <summary>Whether the target was reached at all.</summary>
    public bool Reached(string target) => All<Target>().Exists(t => t.Name == target);

    /// <summary>Whether a message contains the text.</summary>
    public bool Says(string text) => All<Message>().Exists(m => m.Text.Contains(text, StringComparison.Ordinal));

    /// <summary>Fails the test unless the build succeeded without a warning.</summary>
    public BuildLog Clean()
    {
        Assert.AreEqual(0, ExitCode, Output);
        Assert.AreEqual(0, Warnings.Count, string.Join('\n', Warnings));
        return this;
    }

    /// <summary>Fails the test unless the build ended with this one error.</summary>
    public void FailedWith(string code, params string[] parts)
    {
        Assert.AreNotEqual(0, ExitCode, Output);
        string[] ours = [.. Errors.Where(e => e.StartsWith("MOPT", StringComparison.Ordinal))];
        Assert.AreEqual(1, ours.Length, Output);
        foreach (string part in parts.Prepend(code)) StringAssert.Contains(ours[0], part);
        Assert.AreEqual(Errors.Count, ours.Length, Output);
    }

    private static string Describe(AbstractDiagnostic d) => $"{d.Code} {d.File}: {d.Text}";

    private List<T> All<T>()
        where T : BaseNode
    {
        var found = new List<T>();
        _build.VisitAllChildren<T>(found.Add);
        return found;
    }
}
