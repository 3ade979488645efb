using ModelOpt.Compiler.Diagnostics;

namespace ModelOpt.Compiler.Compilation;

/// <summary>Compresses models: ONNX in; TFLite, QDQ ONNX and a report out.</summary>
public static class ModelCompiler
{
    /// <summary>Reads, simplifies, quantizes and writes a model.</summary>
    /// <param name="modelFile">The ONNX file.</param>
    /// <param name="options">What to do with it.</param>
    /// <param name="diagnostics">Takes warnings and notes.</param>
    /// <param name="progress">Told how far the work is; may be null.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="CompilationException">The model or its data cannot be compiled; the diagnostic says why.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was signalled.</exception>
    public static CompiledModel Compile(
        string modelFile,
        CompileOptions options,
        IDiagnosticSink diagnostics,
        IProgress<CompileProgress>? progress = null,
        CancellationToken cancellation = default) =>
        throw new NotSupportedException();
}
