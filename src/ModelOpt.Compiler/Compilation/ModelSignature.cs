using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Compilation;

/// <summary>One input or output of a model.</summary>
/// <param name="Name">Its name in the ONNX file.</param>
/// <param name="Type">Its element type.</param>
/// <param name="Shape">Its shape; the batch may be symbolic.</param>
public sealed record TensorSignature(string Name, ElementType Type, Shape Shape);

/// <summary>What a caller of a model sees: the part that the generated wrapper is made from. Cheap to read.</summary>
/// <param name="Inputs">What the caller feeds, in order.</param>
/// <param name="Outputs">What the caller gets, in order.</param>
public sealed record ModelSignature(IReadOnlyList<TensorSignature> Inputs, IReadOnlyList<TensorSignature> Outputs)
{
    /// <summary>Reads the signature from an ONNX file without its weights being interpreted.</summary>
    /// <param name="modelFile">The ONNX file.</param>
    /// <param name="options">The options the model is compiled with; <see cref="CompileOptions.InputType"/> changes it.</param>
    /// <exception cref="Diagnostics.CompilationException">The file is not a model.</exception>
    public static ModelSignature Read(string modelFile, CompileOptions options) => throw new NotSupportedException();
}
