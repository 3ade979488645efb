using static ModelOpt.Compiler.Diagnostics.DiagnosticSeverity;

namespace ModelOpt.Compiler.Diagnostics;

/// <summary>Diagnostics of channel pruning (MOPT43nn).</summary>
internal static class ChannelPruningDiagnostics
{
    public static readonly DiagnosticDescriptor Unreachable = new("MOPT4301", Error,
        "Channel pruning cannot meet its target",
        "ChannelPruning asks for {0:0.####} of the {1}; the nearest possible value is {2:0.####}.",
        "Set ChannelPruning to that value, or free more channels: a smaller channelMultiple, fewer layers kept by the recipe. The report "
            + "says for each layer why its channels stay.");

    public static readonly DiagnosticDescriptor NoCalibrationData = new("MOPT4302", Warning,
        "Channels are pruned without calibration data",
        "there is no calibration data, so channels are chosen by their weights alone and the remaining weights do not compensate for them.",
        "Set CalibrationData to some hundred typical inputs.");

    public static readonly DiagnosticDescriptor LayerStays = new("MOPT4303", Warning,
        "The channels of a layer cannot be removed", "the recipe asks to remove {0:0.####} of the output channels, which stay: {1}.",
        "Remove the rule, or set its channelPruning to 0.");

    public static readonly DiagnosticDescriptor ScaleIsEstimated = new("MOPT4304", Info,
        "Scales of batch normalization are estimated", "the normalizations are folded into the layers; the standard deviations of the "
            + "layers' outputs on the calibration data are used as their scales.",
        "Set ChannelScore to Activation, which needs no scales.");

    public static readonly DiagnosticDescriptor ScaleIsUnknown = new("MOPT4305", Warning,
        "Scales of batch normalization are not known", "the normalizations are folded into the layers, and without calibration data their "
            + "scales cannot be estimated: the L2 norm of the weights is used instead.",
        "Set CalibrationData, or ChannelScore to L1, L2 or Fpgm.");

    public static readonly DiagnosticDescriptor Achieved = new("MOPT4306", Info,
        "Channels were pruned", "removing channels saved {0:0.##} % of the {1}.",
        "Change ChannelPruning to remove more or less of the model.");

    public static readonly DiagnosticDescriptor NothingRemoved = new("MOPT4307", Warning,
        "No channel was removed", "ChannelPruning asks for less than one step of channels, so none was removed.",
        "Set ChannelPruning to a larger share or the recipe's channelMultiple to a smaller number, or leave ChannelPruning out.");
}
