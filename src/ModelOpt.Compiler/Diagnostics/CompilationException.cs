namespace ModelOpt.Compiler.Diagnostics;

/// <summary>Ends a compilation: the input cannot be compiled, and <see cref="Diagnostic"/> says why.</summary>
internal sealed class CompilationException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="inner">The exception that caused it, if any.</param>
    public CompilationException(Diagnostic diagnostic, Exception? inner = null)
        : base(diagnostic.ToString(), inner) => Diagnostic = diagnostic;

    /// <summary>Why the compilation ended.</summary>
    public Diagnostic Diagnostic { get; }

    /// <summary>The same with the file filled in where it is not known yet.</summary>
    public CompilationException InFile(string? file) =>
        Diagnostic.File is not null || file is null ? this : new(Diagnostic with { File = file }, InnerException);
}
