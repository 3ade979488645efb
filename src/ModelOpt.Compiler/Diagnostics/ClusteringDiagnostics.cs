using static ModelOpt.Compiler.Diagnostics.DiagnosticSeverity;

namespace ModelOpt.Compiler.Diagnostics;

/// <summary>Diagnostics of clustering (MOPT42nn).</summary>
internal static class ClusteringDiagnostics
{
    public static readonly DiagnosticDescriptor NothingClustered = new("MOPT4201", Warning,
        "No layer can be clustered", "Clusters is set, but no layer takes part: {0}.",
        "The report says for each layer why; name layers in a rule of the recipe to cluster small and depthwise ones too, or leave "
            + "Clusters out.");

    public static readonly DiagnosticDescriptor AllIntegers = new("MOPT4202", Warning,
        "As many clusters as int8 has values", "Clusters is {0}, and weights in int8 have {1} values anyway.",
        "Set Clusters to fewer, 16 or 32 for example, or leave it out.");
}
