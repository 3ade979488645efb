using static ModelOpt.Compiler.Diagnostics.DiagnosticSeverity;

namespace ModelOpt.Compiler.Diagnostics;

/// <summary>Diagnostics of the check of the written file (MOPT55nn). Each is an error of a pass, not of the model.</summary>
internal static class ConstraintDiagnostics
{
    private const string Remedy = "This is an error of ModelOpt: please open an issue with the model and its options.";

    public static readonly DiagnosticDescriptor NotAsDecided = new("MOPT5501", Error,
        "The file holds other weights", "the TFLite file holds other weights than compression chose: {0}.", Remedy);

    public static readonly DiagnosticDescriptor ZerosLost = new("MOPT5502", Error,
        "Zeros were lost", "{0} weights that sparsity made zero are not zero in the file.", Remedy);

    public static readonly DiagnosticDescriptor PatternBroken = new("MOPT5503", Error,
        "A sparsity pattern is broken", "the zeros in the file do not follow the pattern {0}, first in output channel {1}.", Remedy);

    public static readonly DiagnosticDescriptor TooManyValues = new("MOPT5504", Error,
        "Clusters were lost", "the file has {0} distinct values; clustering left at most {1}.", Remedy);

    public static readonly DiagnosticDescriptor NotOnGrid = new("MOPT5505", Error,
        "Weights are off their grid", "weights of output channel {0} differ from the integers they were rounded to.", Remedy);
}
