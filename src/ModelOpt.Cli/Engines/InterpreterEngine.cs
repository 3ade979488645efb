using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Cli.Engines;

/// <summary>
/// The compiler's interpreter: every node of the file by its definition in float, QuantizeLinear and DequantizeLinear included. So it
/// shares no code with the lowering of quantized models, and can judge it.
/// </summary>
internal sealed class InterpreterEngine : IEngine
{
    private readonly Graph _graph;
    private (Interpreter Interpreter, int[] Sizes) _last;

    public InterpreterEngine(string model, CompileOptions options)
    {
        try
        {
            Graph graph = ModelCompiler.Read(OnnxFile.ReadAllBytes(model), model, options, foldsPairs: false);
            Value input = Engine.Single(model, graph.Inputs, graph.Outputs.Count);
            Input = new TensorSignature(input.Name, input.Type, input.Shape
                ?? throw GraphDiagnostics.DynamicShape.Error(null, input.Name, "unknown"));
            (_graph, _last) = (graph, (new Interpreter(graph), []));
        }
        catch (CompilationException e)
        {
            throw e.InFile(model);
        }
    }

    public TensorSignature Input { get; }

    public float[] Run(Tensor input)
    {
        // Others may run other sizes at the same time.
        (Interpreter Interpreter, int[] Sizes) chosen;
        lock (_graph)
        {
            if (OpenSizes.AreOpen(_graph) && !input.Dims.SequenceEqual(_last.Sizes))
                _last = (new Interpreter(OpenSizes.At(_graph, [input])), input.Dims.ToArray());
            chosen = _last;
        }

        return Elements.ToFloats(chosen.Interpreter.Run(input)[0]);
    }

    public void Dispose()
    {
    }
}
