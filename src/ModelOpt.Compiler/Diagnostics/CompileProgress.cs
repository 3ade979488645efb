using System.Globalization;

namespace ModelOpt.Compiler.Diagnostics;

/// <summary>Progress of a compilation.</summary>
/// <param name="Phase">The work under way, such as <c>calibrate</c>.</param>
/// <param name="Total">Steps in this phase; 0 where not known.</param>
/// <param name="Remaining">Estimated remaining time of the phase; null if unknown.</param>
internal readonly record struct CompileProgress(string Phase, int Done, int Total, TimeSpan? Remaining = null)
{
    /// <summary>The progress in words: <c>fine-tune 120/900, 1:05 left</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Phase}{(Total > 0 ? $" {Done}/{Total}" : "")}"
            + $"{(Remaining is { } left ? $", {(int)left.TotalMinutes}:{left.Seconds:00} left" : "")}");
}
