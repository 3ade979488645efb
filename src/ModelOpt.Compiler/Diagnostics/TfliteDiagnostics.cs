using static ModelOpt.Compiler.Diagnostics.DiagnosticSeverity;

namespace ModelOpt.Compiler.Diagnostics;

/// <summary>Diagnostics of a TFLite file (MOPT1nnn).</summary>
internal static class TfliteDiagnostics
{
    public static readonly DiagnosticDescriptor InvalidTflite = new("MOPT1015", Error,
        "TFLite model that cannot be read", "the file is not a TFLite model that can be read: {0}.",
        "Give the path of a complete .tflite file; a model with parts that are not supported is to be converted without them.");
}
