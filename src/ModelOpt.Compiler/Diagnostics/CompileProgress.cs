using System.Globalization;

namespace ModelOpt.Compiler.Diagnostics;

/// <summary>How far a compilation is.</summary>
/// <param name="Phase">What is being done, such as <c>calibrate</c>.</param>
/// <param name="Done">Steps done in this phase.</param>
/// <param name="Total">Steps in this phase; 0 where not known.</param>
/// <param name="Remaining">How long the phase will still take, where that can be told.</param>
public readonly record struct CompileProgress(string Phase, int Done, int Total, TimeSpan? Remaining = null)
{
    /// <summary>The progress in words: <c>fine-tune 120/900, 1:05 left</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Phase}{(Total > 0 ? $" {Done}/{Total}" : "")}{(Remaining is { } left ? $", {(int)left.TotalMinutes}:{left.Seconds:00} left" : "")}");
}
