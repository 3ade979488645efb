using System.Text.Json;
using ModelOpt.Compiler.Diagnostics;

namespace ModelOpt.Build;

/// <summary>A diagnostic kept beside an artifact; builds repeat it while the artifact is up to date.</summary>
internal sealed record LoggedDiagnostic(DiagnosticSeverity Severity, string Code, string? File, string Text)
{
    public static byte[] Write(IEnumerable<Diagnostic> diagnostics) => JsonSerializer.SerializeToUtf8Bytes(
        diagnostics.Select(d => new LoggedDiagnostic(d.Descriptor.Severity, d.Descriptor.Code, d.File, d.Text)));

    /// <summary>Reads the kept diagnostics; none if the file is missing or damaged.</summary>
    public static IReadOnlyList<LoggedDiagnostic> Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<LoggedDiagnostic[]>(System.IO.File.ReadAllBytes(path)) ?? [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return [];
        }
    }
}
