using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Passes;

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
    /// <summary>Reads the signature from an ONNX file; nothing is computed from its weights.</summary>
    /// <param name="modelFile">The ONNX file.</param>
    /// <param name="options">The options the model is compiled with; <see cref="CompileOptions.InputType"/> changes it.</param>
    /// <exception cref="CompilationException">The file is not a model.</exception>
    public static ModelSignature Read(string modelFile, CompileOptions options)
    {
        try
        {
            Graph graph = ModelCompiler.Read(OnnxFile.ReadAllBytes(modelFile), modelFile, options);
            if (options.InputType == ElementType.UInt8) ImageInput.Prepend(graph, options);
            return Of(graph);
        }
        catch (CompilationException e) when (e.Diagnostic.File is null)
        {
            throw e.InFile(modelFile);
        }
    }

    /// <summary>The signature of a graph.</summary>
    /// <param name="graph">The graph, with shapes.</param>
    internal static ModelSignature Of(Graph graph) => new([.. graph.Inputs.Select(v => Of(graph, v))], [.. graph.Outputs.Select(v => Of(graph, v))]);

    private static TensorSignature Of(Graph graph, Value value) => new(value.Name, graph.DeclaredType(value) ?? value.Type, value.Shape!);
}
