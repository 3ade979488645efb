namespace ModelOpt.Compiler.Diagnostics;

/// <summary>Takes the warnings and notes of a compilation as they arise.</summary>
internal interface IDiagnosticSink
{
    /// <summary>Takes one diagnostic.</summary>
    /// <param name="diagnostic">A warning or a note; errors are thrown as <see cref="CompilationException"/>.</param>
    void Report(Diagnostic diagnostic);
}

/// <summary>Keeps diagnostics in the order they came.</summary>
internal sealed class DiagnosticList : IDiagnosticSink
{
    private readonly List<Diagnostic> _diagnostics = [];

    /// <summary>The reported diagnostics.</summary>
    public IReadOnlyList<Diagnostic> Diagnostics => _diagnostics;

    public void Report(Diagnostic diagnostic) => _diagnostics.Add(diagnostic);
}
