using ModelOpt.Compiler.Diagnostics;
using static ModelOpt.Compiler.Diagnostics.DiagnosticSeverity;

namespace ModelOpt.Cli.Output;

/// <summary>Diagnostics of inspecting, evaluating and measuring models (MOPT7nnn).</summary>
internal static class EvaluationDiagnostics
{
    public static readonly DiagnosticDescriptor InvalidTflite = new("MOPT7001", Error,
        "The TFLite model cannot be used", "{0}",
        "Give the path of a complete .tflite file made of operators that the runtime has.");

    public static readonly DiagnosticDescriptor NeedsOnnx = new("MOPT7002", Error,
        "The engine runs ONNX models only", "the engine '{0}' runs .onnx models, and this is a .tflite model.",
        "Give the .onnx file that was written beside it, or use --engine modelopt.");

    public static readonly DiagnosticDescriptor NoOnnxRuntime = new("MOPT7003", Error,
        "ONNX Runtime is not installed", "{0}. {1}.",
        "Otherwise set MODELOPT_ONNXRUNTIME to the library or its folder, evaluate with --engine modelopt or interpreter, "
        + "or bench without --against.");

    public static readonly DiagnosticDescriptor OnnxRuntimeFailed = new("MOPT7004", Error,
        "ONNX Runtime refuses the model", "ONNX Runtime says: {0}",
        "Check that ONNX Runtime's version has the model's opset.");

    public static readonly DiagnosticDescriptor NotClassifier = new("MOPT7005", Error,
        "The model is not a classifier",
        "evaluate needs a classifier, a model with one input and one output of a score per class; this one has {0}.",
        "Evaluate other models with code of your own, on ModelOpt.Runtime.");

    public static readonly DiagnosticDescriptor LabelOutOfRange = new("MOPT7006", Error,
        "A label is not one of the model's classes", "label {0} of sample {1} is not one of the model's {2} classes.",
        "Check --label-offset: it is added to each label.");

    public static readonly DiagnosticDescriptor OverwritesModel = new("MOPT7007", Error,
        "The output would overwrite the model", "the output '{0}' is the model itself.",
        "Choose another folder with -o.");

    public static readonly DiagnosticDescriptor FixedBatch = new("MOPT7008", Error,
        "The model's batch is fixed", "the model runs one sample at a time, not {0}.",
        "Leave out --batch, or give a model whose first dimension is open.");

    public static readonly DiagnosticDescriptor OtherInputs = new("MOPT7009", Error,
        "The models compared have different inputs", "the inputs differ from those of the TFLite model: {0}.",
        "Compare with the .onnx file that was written beside the TFLite model, or with the one that it was made from.");

    public static readonly DiagnosticDescriptor OtherKind = new("MOPT7012", Error,
        "Another kind of file", "{0} a TFLite model, and this file is {1}.",
        "Give a .tflite file: 'modelopt compress' and builds write one for an ONNX model.");

    public static readonly DiagnosticDescriptor OtherReference = new("MOPT7011", Error,
        "The reference computes something else", "the reference has {0}, the model has {1}.",
        "Give --reference the model that this one was made from.");
}
