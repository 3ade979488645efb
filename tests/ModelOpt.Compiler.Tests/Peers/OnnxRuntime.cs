using System.Runtime.Intrinsics.X86;
using Microsoft.ML.OnnxRuntime;
using ModelOpt.Compiler.Onnx.Proto;
using ModelOpt.Runtime.Jit;
using TensorElementType = Microsoft.ML.OnnxRuntime.Tensors.TensorElementType;

namespace ModelOpt.Compiler.Tests.Peers;

/// <summary>Runs ONNX models in Microsoft's ONNX Runtime, on one thread.</summary>
internal static class OnnxRuntime
{
    // Warnings are about models that tests make odd on purpose, and about devices that the machine does not have.
    private static readonly Lazy<OrtEnv> Env = new(() =>
    {
        var options = new EnvironmentCreationOptions
        {
            logId = "tests",
            logLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
        return OrtEnv.CreateInstanceWithOptions(ref options);
    });

    // Operators that multiply uint8 by int8, as they stand in a file.
    private static readonly HashSet<string> ByteProducts =
    [
        "ConvInteger", "MatMulInteger", "QLinearConv", "QLinearMatMul", "QGemm", "QAttention", "MatMulIntegerToFloat",
        "DynamicQuantizeMatMul", "DynamicQuantizeLSTM",
    ];

    // Without VNNI, ONNX Runtime adds pairs of products in int16, which saturates.
    private static bool IsExact => !X86Base.IsSupported || Processor.HasAvx512Vnni || Processor.HasAvxVnni;

    /// <summary>Loads a model.</summary>
    /// <param name="model">The model's bytes.</param>
    /// <param name="asWritten">Runs the operators as the file has them, with no rewriting.</param>
    /// <exception cref="OnnxRuntimeException">ONNX Runtime refuses the model.</exception>
    public static InferenceSession Load(byte[] model, bool asWritten = false)
    {
        _ = Env.Value;
        if (IsExact) return Open(model, asWritten);
        GraphProto graph = ModelProto.Parser.ParseFrom(model).Graph;
        string[] types = [.. Nodes(graph).Select(n => n.OpType)];
        if (types.Any(ByteProducts.Contains))
            Assert.Inconclusive("ONNX Runtime's products of uint8 and int8 saturate on this processor.");
        if (asWritten || !types.Contains("QuantizeLinear")) return Open(model, asWritten);
        // The option that keeps fused layers exact fails where weights are in bodies or shared.
        if (graph.Node.Any(n => n.Attribute.Any(a => a.G is not null))) return Open(model, asWritten: true);
        try
        {
            return Open(model, asWritten, isExact: true);
        }
        catch (OnnxRuntimeException)
        {
            return Open(model, asWritten: true);
        }
    }

    private static InferenceSession Open(byte[] model, bool asWritten, bool isExact = false)
    {
        using var options = new SessionOptions
        {
            IntraOpNumThreads = 1,
            InterOpNumThreads = 1,
            GraphOptimizationLevel = asWritten ? GraphOptimizationLevel.ORT_DISABLE_ALL : GraphOptimizationLevel.ORT_ENABLE_ALL,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
        // Shapes and types that a file states must be those that follow from its operators.
        options.AddSessionConfigEntry("session.strict_shape_type_inference", "1");
        if (isExact) options.AddSessionConfigEntry("session.x64quantprecision", "1");
        return new InferenceSession(model, options);
    }

    private static IEnumerable<NodeProto> Nodes(GraphProto graph) =>
        graph.Node.SelectMany(n => n.Attribute.Where(a => a.G is not null).SelectMany(a => Nodes(a.G)).Prepend(n));

    /// <summary>Loads and runs a model; the outputs are in the model's order.</summary>
    /// <exception cref="OnnxRuntimeException">ONNX Runtime refuses the model or its inputs.</exception>
    public static Tensor[] Run(byte[] model, IReadOnlyDictionary<string, Tensor> feeds, bool asWritten = false)
    {
        using InferenceSession session = Load(model, asWritten);
        return session.Run(feeds);
    }

    /// <summary>Runs a loaded model; the outputs are in the model's order.</summary>
    /// <exception cref="OnnxRuntimeException">ONNX Runtime refuses the inputs.</exception>
    public static Tensor[] Run(this InferenceSession session, IReadOnlyDictionary<string, Tensor> feeds)
    {
        using var options = new RunOptions();
        OrtValue[] inputs = [.. feeds.Values.Select(ToOrt)];
        try
        {
            using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(options, [.. feeds.Keys], inputs, session.OutputNames);
            return [.. outputs.Select(FromOrt)];
        }
        finally
        {
            foreach (OrtValue input in inputs) input.Dispose();
        }
    }

    /// <summary>
    /// Fails the test unless ONNX Runtime accepts the model: operators and attributes are those of its opset, names are unique
    /// and known, types and shapes follow from the operators.
    /// </summary>
    public static void AssertValid(byte[] model)
    {
        try
        {
            Load(model, asWritten: true).Dispose();
        }
        catch (OnnxRuntimeException e)
        {
            Assert.Fail($"ONNX Runtime refuses the model: {e.Message}");
        }
    }

    private static OrtValue ToOrt(Tensor tensor)
    {
        var value = OrtValue.CreateAllocatedTensorValue(
            OrtAllocator.DefaultInstance, (TensorElementType)tensor.Type, [.. tensor.Dims.ToArray().Select(dim => (long)dim)]);
        if (tensor.Count > 0) tensor.Bytes.Span.CopyTo(value.GetTensorMutableRawData());
        return value;
    }

    private static Tensor FromOrt(OrtValue value)
    {
        OrtTensorTypeAndShapeInfo info = value.GetTensorTypeAndShape();
        int[] dims = [.. info.Shape.Select(dim => (int)dim)];
        return info.ElementCount == 0 ? Tensor.Zeros((ElementType)info.ElementDataType, dims)
            : new Tensor((ElementType)info.ElementDataType, dims, value.GetTensorMutableRawData().ToArray());
    }
}
