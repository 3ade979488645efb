using ModelOpt.Compiler.Compilation;
using ModelOpt.Compiler.Diagnostics;

namespace ModelOpt.Compiler.Passes;

/// <summary>What passes share.</summary>
/// <param name="Options">What is to be done with the model.</param>
/// <param name="Recipe">Where layers differ from the options.</param>
/// <param name="Diagnostics">Takes warnings and notes.</param>
/// <param name="Progress">Told how far long work is; may be null.</param>
/// <param name="Cancellation">Ends the work.</param>
internal sealed record PassContext(
    CompileOptions Options,
    Recipe Recipe,
    IDiagnosticSink Diagnostics,
    IProgress<CompileProgress>? Progress = null,
    CancellationToken Cancellation = default);
