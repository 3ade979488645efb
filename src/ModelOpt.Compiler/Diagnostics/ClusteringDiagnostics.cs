using static ModelOpt.Compiler.Diagnostics.DiagnosticSeverity;

namespace ModelOpt.Compiler.Diagnostics;

/// <summary>What cannot be asked of clustering (MOPT42nn).</summary>
internal static class ClusteringDiagnostics
{
    public static readonly DiagnosticDescriptor TooFew = new("MOPT4201", Error,
        "Too few clusters", "{0} clusters are not possible; the nearest possible number is 2.",
        "Ask for 2 clusters or more.");

    public static readonly DiagnosticDescriptor TooFewWithZeros = new("MOPT4202", Error,
        "Too few clusters for a sparse weight", "{0} clusters are not possible in a sparse weight, where zero is one of them and "
        + "both signs need one; the nearest possible number is 3.",
        "Ask for 3 clusters or more, or for no sparsity in this layer.");

    public static readonly DiagnosticDescriptor TooMany = new("MOPT4203", Error,
        "Too many clusters for int8", "{0} clusters are not possible in int8; the nearest possible number is 256.",
        "Ask for 256 clusters or fewer. int8 weights lie between -127 and 127, so from 255 on nothing changes.");
}
