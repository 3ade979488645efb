using System.Globalization;
using ModelOpt.Runtime.FlatBuffers;

namespace ModelOpt.Compiler.Diagnostics;

/// <summary>How serious a <see cref="Diagnostic"/> is.</summary>
internal enum DiagnosticSeverity
{
    /// <summary>Worth knowing; nothing is lost.</summary>
    Info,

    /// <summary>The result is usable but not all that was asked for.</summary>
    Warning,

    /// <summary>There is no result.</summary>
    Error,
}

/// <summary>One kind of diagnostic. All kinds are listed in <c>docs/diagnostics.md</c>.</summary>
/// <param name="Code">The stable code, <c>MOPTnnnn</c>.</param>
/// <param name="Title">What is wrong in a few words, for the list of codes.</param>
/// <param name="Format">The message, a composite format string.</param>
/// <param name="Remedy">What the user can do about it: one sentence.</param>
internal sealed record DiagnosticDescriptor(
    string Code, DiagnosticSeverity Severity, string Title, string Format, string Remedy)
{
    /// <summary>Makes a diagnostic of this kind.</summary>
    /// <param name="file">The file it is about, if any.</param>
    /// <param name="layer">The node or value it is about, if any.</param>
    /// <param name="arguments">The arguments of <see cref="Format"/>.</param>
    public Diagnostic At(string? file, string? layer, params object?[] arguments) =>
        new(this, OneLine(string.Format(CultureInfo.InvariantCulture, Format, arguments), 2000), file,
            layer is null ? null : OneLine(layer, 200));

    /// <summary>Makes the exception that ends a compilation with a diagnostic of this kind.</summary>
    /// <param name="layer">The node or value it is about, if any.</param>
    /// <param name="arguments">The arguments of <see cref="Format"/>.</param>
    public CompilationException Error(string? layer, params object?[] arguments) => new(At(null, layer, arguments));

    /// <summary>Names come from the model: they must not break the line, fill the log or command the terminal.</summary>
    private static string OneLine(string text, int length)
    {
        string clipped = text.Length <= length ? text : string.Concat(text.AsSpan(0, length), "…");
        return Printable.Escape(string.Concat(clipped.Select(c => c is '\r' or '\n' or '\t' ? ' ' : c)));
    }
}

/// <summary>Something the user should know about a model, with where it is and what to do.</summary>
/// <param name="File">The file it is about, if any.</param>
/// <param name="Layer">The node or value it is about, if any.</param>
internal sealed record Diagnostic(DiagnosticDescriptor Descriptor, string Message, string? File, string? Layer)
{
    /// <summary>The message with its layer and remedy, on one line and without code or file.</summary>
    public string Text => Layer is null ? $"{Message} {Descriptor.Remedy}" : $"{Layer}: {Message} {Descriptor.Remedy}";

    public override string ToString() =>
        $"{File ?? "modelopt"} : {Descriptor.Severity.ToString().ToLowerInvariant()} {Descriptor.Code}: {Text}";
}
