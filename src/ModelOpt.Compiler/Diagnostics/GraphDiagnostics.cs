using static ModelOpt.Compiler.Diagnostics.DiagnosticSeverity;

namespace ModelOpt.Compiler.Diagnostics;

/// <summary>Diagnostics of a graph: operators, types and shapes (MOPT2nnn).</summary>
internal static class GraphDiagnostics
{
    public static readonly DiagnosticDescriptor UnsupportedOperator = new("MOPT2001", Error,
        "Unsupported operator", "not supported: {0}.",
        "Export the model without these operators, or open an issue that names them.");

    public static readonly DiagnosticDescriptor InvalidAttribute = new("MOPT2002", Error,
        "Invalid attribute", "attribute '{0}' {1}.",
        "Export the model again; the node does not follow the ONNX specification.");

    public static readonly DiagnosticDescriptor MissingInput = new("MOPT2003", Error,
        "Missing input", "{0} needs input {1}, which is absent.",
        "Export the model again; the node does not follow the ONNX specification.");

    public static readonly DiagnosticDescriptor ShapeMismatch = new("MOPT2004", Error,
        "Shapes do not fit", "{0}.",
        "Check the shapes that the model was exported with.");

    public static readonly DiagnosticDescriptor TypeMismatch = new("MOPT2005", Error,
        "Element type does not fit", "{0}.",
        "Check the types that the model was exported with.");

    public static readonly DiagnosticDescriptor UnsupportedForm = new("MOPT2006", Error,
        "Unsupported form of an operator", "this form of '{0}' is not supported: {1}.",
        "Export the model with the common form, or open an issue that names it.");

    public static readonly DiagnosticDescriptor InvalidGraph = new("MOPT2007", Error,
        "The graph is not consistent", "{0}.",
        "This is an error of ModelOpt: please open an issue with the model.");

    public static readonly DiagnosticDescriptor DynamicShape = new("MOPT2008", Error,
        "Shape is not known", "the shape of '{0}' is {1}, which must be known here.",
        "Give the sizes by InputShape.");

    public static readonly DiagnosticDescriptor TooLarge = new("MOPT2009", Error,
        "Tensor is too large", "a tensor of {0} would exceed 2 GB.",
        "Check the shapes that the model was exported with.");

    public static readonly DiagnosticDescriptor OneSample = new("MOPT2010", Info,
        "The model takes one sample at a time",
        "the inputs leave the batch open, but the model does not take a batch of 2 ({0}), so the batch is 1.",
        "Export the model with a batch of 1, or with Reshapes that leave the batch open (-1 or 0 in its place).");

    public static readonly DiagnosticDescriptor InternalError = new("MOPT2011", Error,
        "An operator failed", "{0} failed ({1}: {2}).",
        "This is an error of ModelOpt: please open an issue with the model, or with the node's shapes and attributes.");

    public static readonly DiagnosticDescriptor TooMany = new("MOPT2012", Error,
        "Too many inputs or outputs", "{0} has {3} {2}; ONNX allows at most {1}.",
        "Export the model again; the node does not follow the ONNX specification.");

    public static readonly DiagnosticDescriptor NoSizes = new("MOPT2013", Error,
        "No sizes fit an input", "the shape of '{0}' is {1}, and the model takes none of the sizes that were tried ({2}).",
        "Give the sizes by InputShape.");

    public static readonly DiagnosticDescriptor NotForAllSizes = new("MOPT2014", Error,
        "The model does not take any size", "the shape of '{0}' is {1}, and the model is not one for all such sizes ({2}). It takes {3}.",
        "Give the sizes that it shall take by InputShape.");

    public static readonly DiagnosticDescriptor BranchLeftOut = new("MOPT2015", Info,
        "A branch does not take the model's sizes",
        "{0} does not take the sizes of the inputs ({1}), so the condition is always {2}.",
        "Where the other branch is meant, give its sizes by InputShape, or the values that choose it by InputValues.");

    public static readonly DiagnosticDescriptor EqualLengths = new("MOPT2016", Warning,
        "Samples of a batch are taken as equally long",
        "the lengths of single samples ({0}) are not read: all samples of a batch are as long as the past and what is new.",
        "Run one sample at a time, or samples of one length, or fix the batch at 1 by InputShape.");
}
