using static ModelOpt.Compiler.Diagnostics.DiagnosticSeverity;

namespace ModelOpt.Compiler.Diagnostics;

/// <summary>Diagnostics of decomposition (MOPT44nn).</summary>
internal static class DecompositionDiagnostics
{
    public static readonly DiagnosticDescriptor TargetOutOfReach = new("MOPT4401", Error,
        "Decomposition cannot meet its target", "Decomposition: {0} of the multiply-accumulates cannot be removed; at most {1} can.",
        "Set Decomposition to at most that.");

    public static readonly DiagnosticDescriptor NoCalibrationData = new("MOPT4402", Warning,
        "Decomposition without calibration data",
        "there is no calibration data, so layers are decomposed by the singular values of their weights alone.",
        "Set CalibrationData to some hundred typical inputs: the model then loses much less accuracy at the same size.");

    public static readonly DiagnosticDescriptor TargetMissed = new("MOPT4403", Warning,
        "Decomposition misses its target", "Decomposition: {0} of the multiply-accumulates were removed instead of {1}.",
        "Choose a share that the layers' ranks can meet, or with RankSelection Evbmf leave Decomposition out.");

    public static readonly DiagnosticDescriptor NothingSplit = new("MOPT4404", Warning,
        "No layer was split", "Decomposition is asked for, but no layer was split: {0}.",
        "The report says for each layer why; set Decomposition to a larger share, or leave it out.");
}
