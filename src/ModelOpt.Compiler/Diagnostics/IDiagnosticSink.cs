namespace ModelOpt.Compiler.Diagnostics;

/// <summary>Takes the warnings and notes of a compilation as they arise.</summary>
public interface IDiagnosticSink
{
    /// <summary>Takes one diagnostic.</summary>
    /// <param name="diagnostic">A warning or a note; errors are thrown as <see cref="CompilationException"/>.</param>
    void Report(Diagnostic diagnostic);
}

/// <summary>Keeps diagnostics in the order they came.</summary>
public sealed class DiagnosticList : IDiagnosticSink
{
    private readonly List<Diagnostic> diagnostics = [];

    /// <summary>The reported diagnostics.</summary>
    public IReadOnlyList<Diagnostic> Diagnostics => diagnostics;

    /// <inheritdoc/>
    public void Report(Diagnostic diagnostic) => diagnostics.Add(diagnostic);
}
