using ModelOpt.Compiler.Compilation;
using ModelOpt.Compiler.Data;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Onnx;

namespace ModelOpt.Cli.Engines;

/// <summary>The compiler's interpreter: operators by their definition in float, quantized values rounded to their grids.</summary>
internal sealed class InterpreterEngine : IEngine
{
    private readonly Interpreter interpreter;

    public InterpreterEngine(string model, CompileOptions options)
    {
        try
        {
            Graph graph = ModelCompiler.Read(OnnxFile.ReadAllBytes(model), model, options);
            Value input = Engine.Single(model, graph.Inputs, graph.Outputs.Count);
            Input = new TensorSignature(input.Name, input.Type, input.Shape
                ?? throw GraphDiagnostics.DynamicShape.Error(null, input.Name, "unknown"));
            interpreter = new Interpreter(graph) { FakeQuantize = true };
        }
        catch (CompilationException e)
        {
            throw e.InFile(model);
        }
    }

    public TensorSignature Input { get; }

    public float[] Run(Tensor input) => Elements.ToFloats(interpreter.Run(input)[0]);

    public void Dispose()
    {
    }
}
