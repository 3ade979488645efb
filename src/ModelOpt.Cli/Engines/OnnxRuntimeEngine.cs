using Microsoft.ML.OnnxRuntime;
using ModelOpt.Cli.Models;
using ModelOpt.Cli.Output;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Options;
using TensorElementType = Microsoft.ML.OnnxRuntime.Tensors.TensorElementType;

namespace ModelOpt.Cli.Engines;

/// <summary>Microsoft's ONNX Runtime, where its native library is installed.</summary>
internal sealed class OnnxRuntimeEngine : IEngine
{
    private readonly string _model;
    private readonly InferenceSession _session;
    private readonly RunOptions _options;

    public OnnxRuntimeEngine(string model)
    {
        _model = model;
        // The file is read first, so that one that is absent is reported like everywhere else.
        _ = ModelFile.Read(model);
        _session = Guard(model, () =>
        {
            using SessionOptions sessionOptions = OnnxRuntimeLibrary.Options(threads: 1, spinning: false);
            return new InferenceSession(model, sessionOptions);
        });
        _options = new RunOptions();
        string name = Engine.Single(model, _session.InputNames, _session.OutputNames.Count);
        NodeMetadata input = _session.InputMetadata[name];
        Input = new TensorSignature(name, (ElementType)input.ElementDataType, new Shape(input.Dimensions.Select(
            (size, i) => new Dim(size, size < 0 && input.SymbolicDimensions[i].Length > 0 ? input.SymbolicDimensions[i] : null))));
    }

    public TensorSignature Input { get; }

    public float[] Run(Tensor input)
    {
        long[] shape = Array.ConvertAll(input.Dims.ToArray(), dim => (long)dim);
        using OrtValue value = OrtValue.CreateAllocatedTensorValue(
            OrtAllocator.DefaultInstance, (TensorElementType)input.Type, shape);
        input.Bytes.Span.CopyTo(value.GetTensorMutableRawData());
        using IDisposableReadOnlyCollection<OrtValue> outputs =
            Guard(_model, () => _session.Run(_options, [Input.Name], [value], _session.OutputNames));
        OrtTensorTypeAndShapeInfo info = outputs[0].GetTensorTypeAndShape();
        int[] dims = Array.ConvertAll(info.Shape, dim => (int)dim);
        return Elements.ToFloats(new Tensor((ElementType)info.ElementDataType, dims, outputs[0].GetTensorMutableRawData().ToArray()));
    }

    public void Dispose()
    {
        _options.Dispose();
        _session.Dispose();
    }

    /// <summary>Turns exceptions of ONNX Runtime into diagnostics about the model.</summary>
    public static T Guard<T>(string model, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (CompilationException e)
        {
            throw e.InFile(model);
        }
        catch (Exception e) when (e is OnnxRuntimeException or NotSupportedException)
        {
            throw new CompilationException(EvaluationDiagnostics.OnnxRuntimeFailed.At(model, null, e.Message), e);
        }
    }
}
