using static ModelOpt.Compiler.Diagnostics.DiagnosticSeverity;

namespace ModelOpt.Compiler.Diagnostics;

/// <summary>What sparsity cannot be had (MOPT41nn).</summary>
internal static class SparsityDiagnostics
{
    public static readonly DiagnosticDescriptor AllZero = new("MOPT4101", Error,
        "A layer would become all zero", "with a sparsity of {0} none of its {1} weights would be left; at most {2} leaves any.",
        "Lower Sparsity, or exclude the layer with a rule of the recipe (\"sparsity\": 0).");

    public static readonly DiagnosticDescriptor PatternShare = new("MOPT4102", Error,
        "The pattern has another sparsity", "the pattern {0} makes a share of {1} of the weights zero, not {2}; nearest is {3}, with {4}.",
        "Leave Sparsity out, or choose another pattern: Unstructured and blocks take any share.");

    public static readonly DiagnosticDescriptor ShareMissing = new("MOPT4103", Error,
        "A pattern without a sparsity", "the pattern {0} does not say how many weights become zero.",
        "Set Sparsity to the share of weights that become zero; only N:M implies one.");

    public static readonly DiagnosticDescriptor NothingSparse = new("MOPT4104", Warning,
        "No layer can be sparse", "Sparsity is set, but no layer takes part.",
        "The report says of each layer why; name layers in a rule of the recipe to have small ones too.");
}
