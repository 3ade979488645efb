using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Tensor = ModelOpt.Compiler.Graphs.Tensor;

namespace ModelOpt.Fuzz.Graphs;

/// <summary>A model in ONNX Runtime, all optimizations off, so that each node computes what its definition says.</summary>
internal sealed class Reference : IDisposable
{
    private static readonly RunOptions Plain = new();
    private readonly InferenceSession _session;
    private readonly string[] _outputs;

    /// <summary>Loads a model.</summary>
    /// <param name="everyValue">Whether every value that a node computes is an output.</param>
    /// <exception cref="OnnxRuntimeException">ONNX Runtime refuses it.</exception>
    public Reference(ModelProto model, bool everyValue = false)
    {
        if (everyValue)
        {
            model = model.Clone();
            HashSet<string> known = [.. model.Graph.Output.Select(o => o.Name)];
            foreach (string name in model.Graph.Node.SelectMany(n => n.Output).Where(o => o.Length > 0 && known.Add(o)))
                model.Graph.Output.Add(new ValueInfoProto { Name = name });
        }

        using var options = new SessionOptions
        {
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL,
            IntraOpNumThreads = 1,
            InterOpNumThreads = 1,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
        };
        _session = new InferenceSession(model.ToByteArray(), options);
        _outputs = [.. model.Graph.Output.Select(o => o.Name)];
    }

    /// <summary>Runs the model.</summary>
    /// <returns>The outputs by name.</returns>
    public Dictionary<string, Tensor> Run(IReadOnlyDictionary<string, Tensor> feeds)
    {
        string[] names = [.. feeds.Keys];
        OrtValue[] values = [.. names.Select(n => ToOrt(feeds[n]))];
        try
        {
            using IDisposableReadOnlyCollection<OrtValue> results = _session.Run(Plain, names, values, _outputs);
            return _outputs.Zip(results).ToDictionary(r => r.First, r => FromOrt(r.Second));
        }
        finally
        {
            foreach (OrtValue value in values) value.Dispose();
        }
    }

    public void Dispose() => _session.Dispose();

    // ONNX Runtime numbers element types as ONNX does.
    private static OrtValue ToOrt(Tensor tensor)
    {
        long[] dims = [.. tensor.Dims.ToArray().Select(d => (long)d)];
        OrtValue value = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, (TensorElementType)tensor.Type, dims);
        tensor.Bytes.Span.CopyTo(value.GetTensorMutableRawData());
        return value;
    }

    private static Tensor FromOrt(OrtValue value)
    {
        OrtTensorTypeAndShapeInfo info = value.GetTensorTypeAndShape();
        byte[] bytes = info.ElementCount == 0 ? [] : value.GetTensorMutableRawData().ToArray();
        return new Tensor((ElementType)info.ElementDataType, [.. info.Shape.Select(d => (int)d)], bytes);
    }
}
