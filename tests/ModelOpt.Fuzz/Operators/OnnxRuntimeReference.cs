using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using ModelOpt.Compiler.Onnx.Proto;
using ModelOpt.Runtime.Jit;
using Tensor = ModelOpt.Compiler.Graphs.Tensor;

namespace ModelOpt.Fuzz.Operators;

/// <summary>What became of a case in ONNX Runtime.</summary>
internal enum ReferenceStatus
{
    /// <summary>It ran.</summary>
    Ran,

    /// <summary>It has no kernel for the operator with these types.</summary>
    NoKernel,

    /// <summary>It is not valid, says ONNX Runtime.</summary>
    Rejected,
}

/// <summary>What ONNX Runtime made of a case.</summary>
/// <param name="Outputs">The outputs, where it ran.</param>
/// <param name="Message">What ONNX Runtime said, where it did not.</param>
internal sealed record ReferenceResult(ReferenceStatus Status, Tensor[] Outputs, string Message);

/// <summary>Runs models in ONNX Runtime, node by node as they are: without any optimization, on one thread.</summary>
internal static class OnnxRuntimeReference
{
    static OnnxRuntimeReference()
    {
        var options = new EnvironmentCreationOptions { logId = "modelopt-fuzz", logLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        OrtEnv.CreateInstanceWithOptions(ref options);
    }

    // Operators that multiply uint8 by int8. Without VNNI, ONNX Runtime adds pairs of products in int16, which saturates; what it has
    // against that ("session.x64quantprecision") is an optimization, which are off here.
    private static readonly HashSet<string> ByteProducts =
    [
        "ConvInteger", "MatMulInteger", "QLinearConv", "QLinearMatMul", "QGemm", "QAttention", "MatMulIntegerToFloat",
        "DynamicQuantizeMatMul", "DynamicQuantizeLSTM",
    ];

    /// <summary>Whether this processor has instructions for products of bytes in which nothing saturates.</summary>
    public static bool IsExact { get; } = !X86Base.IsSupported || Processor.HasAvx512Vnni || Processor.HasAvxVnni;

    /// <summary>Runs a model.</summary>
    public static ReferenceResult Run(byte[] model, IReadOnlyDictionary<string, Tensor> feeds)
    {
        if (!IsExact && ModelProto.Parser.ParseFrom(model).Graph.Node.Any(n => ByteProducts.Contains(n.OpType)))
            return new ReferenceResult(ReferenceStatus.NoKernel, [], "It saturates on this processor.");
        try
        {
            using var options = new SessionOptions
            {
                GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL,
                LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
                IntraOpNumThreads = 1,
                InterOpNumThreads = 1,
            };
            using var session = new InferenceSession(model, options);
            return new ReferenceResult(ReferenceStatus.Ran, Run(session, feeds), "");
        }
        catch (OnnxRuntimeException e)
        {
            bool isMissing = e.Message.Contains("NOT_IMPLEMENTED", StringComparison.OrdinalIgnoreCase)
                || e.Message.Contains("NotImplemented", StringComparison.Ordinal);
            return new ReferenceResult(isMissing ? ReferenceStatus.NoKernel : ReferenceStatus.Rejected, [], e.Message);
        }
    }

    private static Tensor[] Run(InferenceSession session, IReadOnlyDictionary<string, Tensor> feeds)
    {
        string[] names = [.. feeds.Keys];
        OrtValue[] inputs = [.. names.Select(name => ToOrt(feeds[name]))];
        try
        {
            using var run = new RunOptions();
            using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(run, names, inputs, session.OutputNames);
            return [.. outputs.Select(FromOrt)];
        }
        finally
        {
            foreach (OrtValue input in inputs) input.Dispose();
        }
    }

    private static OrtValue ToOrt(Tensor tensor)
    {
        OrtValue value = OrtValue.CreateAllocatedTensorValue(
            OrtAllocator.DefaultInstance, (TensorElementType)tensor.Type, [.. tensor.Dims.ToArray().Select(d => (long)d)]);
        tensor.Bytes.Span.CopyTo(value.GetTensorMutableRawData());
        return value;
    }

    private static Tensor FromOrt(OrtValue value)
    {
        OrtTensorTypeAndShapeInfo info = value.GetTensorTypeAndShape();
        int[] dims = [.. info.Shape.Select(d => (int)d)];
        var type = (ElementType)info.ElementDataType;
        Tensor tensor = Tensor.Zeros(type, dims);
        if (tensor.Count > 0) value.GetTensorMutableRawData()[..tensor.Bytes.Length].CopyTo(tensor.Bytes.Span);
        return tensor;
    }
}
