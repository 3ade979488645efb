using static ModelOpt.Compiler.Diagnostics.DiagnosticSeverity;

namespace ModelOpt.Compiler.Diagnostics;

/// <summary>Diagnostics of a TFLite file (MOPT1nnn).</summary>
internal static class TfliteDiagnostics
{
    public static readonly DiagnosticDescriptor InvalidTflite = new("MOPT1015", Error,
        "TFLite model that cannot be read", "the file is not a TFLite model that can be read: {0}.",
        "Give the path of a complete .tflite file; a model with parts that are not supported is to be converted without them.");

    public static readonly DiagnosticDescriptor CellBound = new("MOPT1016", Info,
        "Bound of an LSTM's cell is kept between calls only",
        "the file bounds the cell of the LSTM by {0} after each step; in the compressed model it is bounded after each call.",
        "Nothing, where the cell stays within the bound, as those of trained networks do; else convert the model without the bound.");
}
