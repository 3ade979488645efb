using static ModelOpt.Compiler.Diagnostics.DiagnosticSeverity;

namespace ModelOpt.Compiler.Diagnostics;

/// <summary>Diagnostics of sparsity (MOPT41nn).</summary>
internal static class SparsityDiagnostics
{
    public static readonly DiagnosticDescriptor AllZero = new("MOPT4101", Error,
        "A layer would become all zero", "a sparsity of {0} would leave none of its {1} weights; at most {2} is possible.",
        "Lower Sparsity, or exclude the layer with a rule of the recipe (\"sparsity\": 0).");

    public static readonly DiagnosticDescriptor PatternShare = new("MOPT4102", Error,
        "The pattern has another sparsity", "the pattern {0} makes a share of {1} of the weights zero, not {2}; nearest is {3}, with {4}.",
        "Leave Sparsity out, or choose another pattern: Unstructured and blocks take any share.");

    public static readonly DiagnosticDescriptor ShareMissing = new("MOPT4103", Error,
        "A pattern without a sparsity", "the pattern {0} does not say how many weights become zero.",
        "Set Sparsity to the share of weights that become zero; only N:M implies one.");

    public static readonly DiagnosticDescriptor NothingSparse = new("MOPT4104", Warning,
        "No layer can be sparse", "Sparsity is set, but no layer takes part.",
        "The report says for each layer why; name small layers in a rule of the recipe to include them.");

    public static readonly DiagnosticDescriptor ScheduleOrder = new("MOPT4105", Error,
        "Pruning ends before it begins", "PruningBegin is {0}, and PruningEnd {1}; the earliest possible is {2}.",
        "Set the recipe's pruningEnd to a later step, or its pruningBegin to an earlier one.");

    public static readonly DiagnosticDescriptor ScheduleTooLong = new("MOPT4106", Error,
        "Training is too short for the pruning schedule", "PruningEnd is {0}, but training has {1} steps.",
        "Set the recipe's pruningEnd to at most that, or raise PruningEpochs.");

    public static readonly DiagnosticDescriptor NoInfluence = new("MOPT4107", Warning,
        "The outputs do not depend on a layer",
        "no output changes with this layer's weights on the calibration data, so {0:P0} of them became zero.",
        "Give CalibrationData that resembles the model's real inputs, or set the layer's sparsity in a rule of the recipe.");
}
