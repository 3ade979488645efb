using static ModelOpt.Compiler.Diagnostics.DiagnosticSeverity;

namespace ModelOpt.Compiler.Diagnostics;

/// <summary>Diagnostics of running the written files (MOPT56nn).</summary>
internal static class VerificationDiagnostics
{
    private const string Remedy = "This is an error of ModelOpt: please open an issue with the model and its options.";

    public static readonly DiagnosticDescriptor NotLoadable = new("MOPT5601", Error,
        "The file cannot be loaded", "the runtime refuses the TFLite file that was written: {0}", Remedy);

    public static readonly DiagnosticDescriptor WrongValue = new("MOPT5602", Error,
        "The file computes a wrong value",
        "'{0}' is the first wrong value in the TFLite file: {1}. Each value is compared with what ONNX defines for the inputs that its "
            + "layer had.", Remedy);

    public static readonly DiagnosticDescriptor WrongOutput = new("MOPT5603", Error,
        "An output is wrong", "the output '{0}' is wrong in the TFLite file: {1}.", Remedy);

    public static readonly DiagnosticDescriptor OtherFunction = new("MOPT5604", Error,
        "Simplification changed the model", "the output '{0}' differs from what the model's file defines even before compression: {1}.",
        Remedy);

    public static readonly DiagnosticDescriptor NotVerified = new("MOPT5605", Warning,
        "The files could not be verified", "the written files were not compared with the model, because it does not run on the sample: {0}",
        "Give CalibrationData with typical inputs.");

    public static readonly DiagnosticDescriptor NotRunnable = new("MOPT5606", Error,
        "The file does not run", "the TFLite file that was written fails on an input that the model takes: {0}", Remedy);

    public static readonly DiagnosticDescriptor MuchLost = new("MOPT5608", Warning,
        "Compression changed the outputs much",
        "on calibration samples, the output '{0}' differs from the original model's by {1} of its root mean square.",
        "Measure what that costs, for example with 'modelopt evaluate --reference'. FineTune=Distill, Quantization=WeightOnlyInt8 or "
            + "Float16, or a recipe that leaves some layers in float lose less.");

    public static readonly DiagnosticDescriptor Accuracy = new("MOPT5609", Info,
        "How often the models are right", "the float model is right on {0} of {2} labelled samples, the compressed one on {1}.",
        "Where the float model is wrong too often, check InputMean, InputStd and the numbers of the labels.");

    public static readonly DiagnosticDescriptor Agreement = new("MOPT5610", Info,
        "How often both models agree", "the compressed model chooses the class that the float model does for {0} of {1} samples {2}.",
        "EvaluationData names other samples.");

    public static readonly DiagnosticDescriptor LowAgreement = new("MOPT5611", Warning,
        "The models seldom agree", "the compressed model chooses the class that the float model does for only {0} of {1} samples {2}.",
        "Measure what that costs with 'modelopt evaluate --reference'. More CalibrationData, FineTune=Distill, "
            + "Quantization=WeightOnlyInt8, or a recipe that leaves some layers in float lose less. If the output holds no scores of "
            + "classes, silence the warning.");

    public static readonly DiagnosticDescriptor StrangeInputs = new("MOPT5612", Warning,
        "The data is unlike what the model was trained with", "samples of '{0}' look wrong to the model: {1}.",
        "Check InputMean and InputStd: the model gets (x − mean) / std, where x of image bytes is 0…255. Both models agree on nonsense.");

    public static readonly DiagnosticDescriptor OneClass = new("MOPT5613", Warning,
        "The model sees one class only", "the float model chooses class {1} for all of {0} samples.",
        "Check InputMean and InputStd, or give CalibrationData of all classes.");

    public static readonly DiagnosticDescriptor NotCompared = new("MOPT5607", Warning,
        "A value could not be verified", "the TFLite file stores '{0}', but the .onnx has no value to compare it with.", Remedy);
}
