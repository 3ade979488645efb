using static ModelOpt.Compiler.Diagnostics.DiagnosticSeverity;

namespace ModelOpt.Compiler.Diagnostics;

/// <summary>Diagnostics of writing a graph as TFLite (MOPT5nnn).</summary>
internal static class EmitDiagnostics
{
    public static readonly DiagnosticDescriptor UnsupportedForm = new("MOPT5001", Error,
        "TFLite has no such operator", "'{0}' cannot be written as TFLite operators: {1}.",
        "Export the model with the common form of the operator, or open an issue that names it.");

    public static readonly DiagnosticDescriptor UnsupportedType = new("MOPT5002", Error,
        "TFLite has no such element type", "'{0}' has elements of type {1}, which cannot be written as TFLite.",
        "Export the model with float32, or open an issue that names the type.");

    public static readonly DiagnosticDescriptor TooLarge = new("MOPT5003", Error,
        "The TFLite file is too large", "the model's constants take {0} bytes, and a TFLite file is limited to 2 GB.",
        "Quantize the model, or split it.");

    public static readonly DiagnosticDescriptor SeveralRefused = new("MOPT5004", Error,
        "Several layers cannot be written", "{0}.",
        "Export the model with the common forms of these operators, or open an issue that names them.");

    public static readonly DiagnosticDescriptor NotRunnable = new("MOPT5005", Error,
        "The runtime cannot run the model", "the model can be written as TFLite, but the runtime cannot run it: {0}.",
        "Export the model with the common form of the operator, or open an issue that names it.");

    public static readonly DiagnosticDescriptor Larger = new("MOPT5006", Warning,
        "The model became larger", "the TFLite file has {0} bytes, and the model file {1}: {2}.",
        "Set Quantization to Float16 or Int8, or use Sparsity, Clusters or ChannelPruning.");

    public static readonly DiagnosticDescriptor CustomOperator = new("MOPT5007", Warning,
        "LiteRT cannot run the file", "the TFLite file has operators that TFLite lacks: {0}. ModelOpt's runtime has them, and LiteRT does "
            + "not.",
        "Run the file with ModelOpt's runtime, or export the model without these operators. If that is how it runs, suppress the warning.");
}
