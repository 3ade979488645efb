using static ModelOpt.Compiler.Diagnostics.DiagnosticSeverity;

namespace ModelOpt.Compiler.Diagnostics;

/// <summary>Diagnostics of an ONNX file (MOPT1nnn).</summary>
internal static class OnnxDiagnostics
{
    public static readonly DiagnosticDescriptor UnreadableFile = new("MOPT1001", Error,
        "The model cannot be read", "the file cannot be read: {0}.",
        "Check that the path is right and that the file may be read.");

    public static readonly DiagnosticDescriptor NotOnnx = new("MOPT1002", Error,
        "Not an ONNX model", "the file is not an ONNX model: {0}.",
        "Give the path of a complete .onnx file.");

    public static readonly DiagnosticDescriptor UnsupportedOpset = new("MOPT1003", Error,
        "Unsupported opset", "the model {0}; opsets {1} to {2} are supported.",
        "Export the model for one of these opsets, 17 for example.");

    public static readonly DiagnosticDescriptor UnsupportedFeature = new("MOPT1004", Error,
        "Unsupported part of ONNX", "{0} not supported.",
        "Export the model without it.");

    public static readonly DiagnosticDescriptor InvalidTensor = new("MOPT1005", Error,
        "Invalid tensor", "the tensor {0}.",
        "Export the model again; the file is damaged or was written wrongly.");

    public static readonly DiagnosticDescriptor RefusedExternalData = new("MOPT1006", Error,
        "External data outside the model's folder", "the tensor's data is at '{0}', which {1}.",
        "Keep external data files in the model's folder and refer to them by a relative path.");

    public static readonly DiagnosticDescriptor UnreadableExternalData = new("MOPT1007", Error,
        "External data cannot be read", "the tensor's data at '{0}' cannot be read: {1}.",
        "Put the external data file that was exported with the model beside it.");

    public static readonly DiagnosticDescriptor Cycle = new("MOPT1008", Error,
        "Cycle in the graph", "the node depends on its own output.",
        "Export the model again; the nodes of an ONNX graph have no cycles.");

    public static readonly DiagnosticDescriptor UndefinedValue = new("MOPT1009", Error,
        "Undefined value", "'{0}' is read, but no node, input or initializer defines it.",
        "Export the model again; the graph is incomplete.");

    public static readonly DiagnosticDescriptor DuplicateName = new("MOPT1010", Error,
        "Duplicate name", "'{0}' is defined more than once.",
        "Export the model again; every value of an ONNX graph is defined once.");

    public static readonly DiagnosticDescriptor InvalidModel = new("MOPT1011", Error,
        "Invalid model", "{0}.",
        "Export the model again; the file does not follow the ONNX specification.");

    public static readonly DiagnosticDescriptor NewerOperator = new("MOPT1012", Error,
        "Operator that the opset does not have", "{0} came with opset {1}, and the model uses opset {2}.",
        "Export the model for an opset that has all of its operators.");

    public static readonly DiagnosticDescriptor NumberedClasses = new("MOPT1013", Info,
        "Labels that are text", "labels are positions instead of text: {0}.",
        "Look the text up by the position in the application.");

    public static readonly DiagnosticDescriptor TensorOfMap = new("MOPT1014", Info,
        "Probabilities as a tensor",
        "'{0}' is a tensor [N, classes] instead of a list of maps; its columns are the classes {1}.",
        "Export the model without ZipMap (skl2onnx: options zipmap=False) for the same output everywhere.");
}
