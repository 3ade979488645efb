using ModelOpt.Compiler.Compilation;
using ModelOpt.Compiler.Data;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.OnnxRuntime;

namespace ModelOpt.Cli.Engines;

/// <summary>Microsoft's ONNX Runtime, where its native library is installed.</summary>
internal sealed class OnnxRuntimeEngine : IEngine
{
    private readonly string model;
    private readonly OrtSession session;

    public OnnxRuntimeEngine(string model)
    {
        this.model = model;
        // The file is read first, so that one that is absent is reported like everywhere else.
        _ = ModelFile.Read(model);
        session = Guard(model, () => new OrtSession(model, new OrtSessionOptions { Threads = 1 }));
        OrtValueInfo input = Engine.Single(model, session.Inputs, session.Outputs.Count);
        Input = new TensorSignature(input.Name, (ElementType)input.ElementType, new Shape(input.Shape.Select(
            (size, i) => new Dim(size, size < 0 && input.Symbols[i].Length > 0 ? input.Symbols[i] : null))));
    }

    public TensorSignature Input { get; }

    public float[] Run(Tensor input)
    {
        long[] shape = Array.ConvertAll(input.Dims.ToArray(), dim => (long)dim);
        var tensor = new OrtTensor((OrtElementType)input.Type, shape, input.Bytes.ToArray());
        OrtTensor output = Guard(model, () => session.Run(new Dictionary<string, OrtTensor> { [Input.Name] = tensor })).Values.Single();
        int[] dims = Array.ConvertAll(output.Shape.ToArray(), dim => (int)dim);
        return Elements.ToFloats(new Tensor((ElementType)output.ElementType, dims, output.Data));
    }

    public void Dispose() => session.Dispose();

    /// <summary>Turns what can go wrong in ONNX Runtime into diagnostics about the model.</summary>
    public static T Guard<T>(string model, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (OnnxRuntimeNotFoundException e)
        {
            throw new CompilationException(EvaluationDiagnostics.NoOnnxRuntime.At(model, null, e.Message.TrimEnd('.')), e);
        }
        catch (Exception e) when (e is OnnxRuntimeException or NotSupportedException)
        {
            throw new CompilationException(EvaluationDiagnostics.OnnxRuntimeFailed.At(model, null, e.Message), e);
        }
    }
}
