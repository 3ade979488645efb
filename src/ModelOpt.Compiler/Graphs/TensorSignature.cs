namespace ModelOpt.Compiler.Graphs;

/// <summary>One input or output of a model.</summary>
/// <param name="Name">Its name in the ONNX file.</param>
/// <param name="Shape">Its shape; the batch may be symbolic.</param>
internal sealed record TensorSignature(string Name, ElementType Type, Shape Shape);
