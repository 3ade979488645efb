using static ModelOpt.Compiler.Diagnostics.DiagnosticSeverity;

namespace ModelOpt.Compiler.Diagnostics;

/// <summary>Diagnostics of recipes and quantization (MOPT4nnn).</summary>
internal static class RecipeDiagnostics
{
    public static readonly DiagnosticDescriptor Unreadable = new("MOPT4001", Error,
        "Recipe cannot be read", "the recipe cannot be read: {0}",
        "Check the path and its permissions.");

    public static readonly DiagnosticDescriptor Invalid = new("MOPT4002", Error,
        "Not a recipe", "the recipe is not valid: {0}",
        "See docs/recipes.md for the keys and their values.");

    public static readonly DiagnosticDescriptor NothingMatches = new("MOPT4003", Error,
        "A layer pattern matches nothing", "no layer matches '{0}'.{1}",
        "Run 'modelopt inspect' to see the names of the layers.");

    public static readonly DiagnosticDescriptor NoCalibrationData = new("MOPT4010", Warning,
        "No calibration data", "there is no calibration data, so only the weights are stored as int8 and the model computes in float32.",
        "Set CalibrationData to some hundred typical inputs to quantize activations too.");

    public static readonly DiagnosticDescriptor NotFinite = new("MOPT4011", Error,
        "Activation is not finite", "with calibration sample {0} the value '{1}' is not a finite number.",
        "Check the preprocessing (InputMean, InputStd) and the sample.");

    public static readonly DiagnosticDescriptor NothingQuantized = new("MOPT4012", Warning,
        "Nothing to quantize", "no layer of the model can be quantized, so it stays in float32.",
        "Set Quantization to None to silence this warning.");

    public static readonly DiagnosticDescriptor WrongCalibrationCount = new("MOPT4013", Error,
        "Calibration data for some inputs only", "there are {0} calibration files, but the model has {1} inputs: {2}.",
        "Give CalibrationData one file or folder for each input, in this order, separated by semicolons.");

    public static readonly DiagnosticDescriptor UnequalCalibration = new("MOPT4014", Error,
        "Calibration files of different length", "the calibration files hold different numbers of samples: {0}.",
        "Sample i of every file must belong together; give each file the same number.");

    public static readonly DiagnosticDescriptor AlreadyQuantized = new("MOPT4015", Warning,
        "The model is quantized already", "the file already quantizes activations, so it stays as it is.",
        "Compress the float model it was made from, or set Quantization to None to silence this warning.");

    public static readonly DiagnosticDescriptor NotCompressed = new("MOPT4021", Warning,
        "A quantized model is not compressed further", "the file already quantizes activations, so it stays as it is: {0} has no effect.",
        "Compress the float model it was made from, or leave the option out.");

    public static readonly DiagnosticDescriptor LayersInFloat = new("MOPT4017", Warning,
        "Quantized layers compute in float", "{0} of the layers that the file quantizes compute in float32: {1}.",
        "Quantize the model with symmetric int8 weights and 8-bit activations, or compress the float model.");

    public static readonly DiagnosticDescriptor WideActivations = new("MOPT4018", Warning,
        "Activations of 16 bits", "{0} activations are quantized to 16 bits in the file; they are computed in float32, without that "
            + "rounding.",
        "Quantize the model with 8-bit activations, or compress the float model.");

    public static readonly DiagnosticDescriptor ConstantNotFinite = new("MOPT4016", Error,
        "A weight is not finite", "the constant holds {0}, which cannot be quantized.",
        "Check how the model was trained, or set Quantization to None.");

    /// <summary>{0}: how many nodes; {1}: their share of the multiply-accumulates; {2}: the first of them.</summary>
    public static readonly DiagnosticDescriptor SensitiveNodes = new("MOPT4022", Info,
        "Nodes in float because of accuracy",
        "{0} nodes with {1} of the multiply-accumulates stay in float32, because 8 bits for what they read or write would cost the outputs "
            + "too much: {2}.",
        "The report lists them. A recipe can set the quantization of each layer.");

    public static readonly DiagnosticDescriptor WideConcat = new("MOPT4020", Warning,
        "A Concat or Pad joins very different ranges",
        "its inputs have ranges from {0:G3} to {1:G3} wide and share one int8 grid, because '{2}' multiplies all of them "
        + "by weights: the narrow ones keep few steps.",
        "Set Quantization to None for that layer in the recipe if accuracy suffers, or scale the inputs alike before training.");
}
