using ModelOpt.Cli.Models;
using ModelOpt.Cli.Output;
using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Cli.Engines;

/// <summary>Something that runs models of one input and one output. Runs may be made from many threads at once.</summary>
internal interface IEngine : IDisposable
{
    /// <summary>What the model is fed; float32 where a file stores it quantized.</summary>
    TensorSignature Input { get; }

    /// <summary>Runs one sample.</summary>
    /// <param name="input">A tensor of the input's type and shape, of batch 1.</param>
    /// <returns>The output's elements, as real numbers where they are stored quantized.</returns>
    float[] Run(Tensor input);
}

/// <summary>The engines by name.</summary>
internal enum EngineKind
{
    ModelOpt,
    Interpreter,
    OnnxRuntime,
}

internal static class Engine
{
    /// <summary>Loads a model.</summary>
    /// <param name="options">
    /// How an ONNX model is compiled, if it is: without compression, open image sizes being those of the data.
    /// </param>
    /// <exception cref="CompilationException">The engine cannot run it.</exception>
    public static IEngine Open(
        EngineKind kind, string model, CompileOptions options, CancellationToken cancellation)
    {
        bool tflite = ModelFile.FormatOf(model) != ModelFormat.Onnx;
        if (tflite && kind == EngineKind.OnnxRuntime)
            throw new CompilationException(EvaluationDiagnostics.NeedsOnnx.At(model, null, kind.ToString().ToLowerInvariant()));
        return kind switch
        {
            EngineKind.Interpreter => new InterpreterEngine(model, options),
            EngineKind.OnnxRuntime => new OnnxRuntimeEngine(model),
            // Warnings about a build do not matter here.
            _ => tflite ? new ModelOptEngine(model, ModelFile.ReadTflite(model, "a file named .tflite holds"))
                : new ModelOptEngine(model, ModelCompiler.Compile(model, options, new DiagnosticList(), cancellation: cancellation).Tflite),
        };
    }

    /// <summary>The only input of a model that also has one output.</summary>
    /// <exception cref="CompilationException">It has more.</exception>
    public static T Single<T>(string model, IReadOnlyList<T> inputs, int outputs) =>
        inputs.Count == 1 && outputs == 1 ? inputs[0]
        : throw new CompilationException(EvaluationDiagnostics.NotClassifier.At(
            model, null, $"{inputs.Count} input{(inputs.Count == 1 ? "" : "s")} and {outputs} output{(outputs == 1 ? "" : "s")}"));
}
